import { VecError } from '../errors.ts'
import { isPlainObject } from '../plain-object.ts'
import type { Comparison, Condition, Scalar } from './condition.ts'

// What is wrong with a filter, or another text, that is not JSON: browsers load it with the parser.
export { jsonProblem } from '../json-error.ts'

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  $gt: '>',
  $gte: '>=',
  $lt: '<',
  $lte: '<=',
}
const FIELD_OPERATORS = [
  '$eq',
  '$ne',
  ...Object.keys(COMPARISONS),
  '$in',
  '$nin',
  '$exists',
  '$contains',
  '$startsWith',
  '$all',
  '$size',
  '$elemMatch',
  '$not',
]
const LOGICAL_OPERATORS = ['$and', '$or', '$nor', '$not']
/** SQLite refuses expressions nested a thousand levels deep. A handwritten filter has three or four. */
const MAX_DEPTH = 50

/**
 * Parses a filter as `Filter` describes it. Throws VEC_FILTER, naming the position in the filter, for an unknown
 * operator, a value of another type, an empty field name, or more than 50 levels.
 */
export function parseFilter(filter: unknown): Condition {
  return object(filter, 'filter', 0)
}

function object(filter: unknown, at: string, depth: number): Condition {
  const terms = entriesOf(filter, at, depth).map(([key, value]) => {
    const place = `${at}.${key}`
    switch (key) {
      case '$and':
        return all(list(value, place, depth))
      case '$or':
        return any(list(value, place, depth))
      case '$nor':
        return not(any(list(value, place, depth)))
      case '$not':
        return not(object(value, place, depth + 1))
      default:
        return field(key, value, place, depth)
    }
  })
  return all(terms)
}

function list(value: unknown, at: string, depth: number): Condition[] {
  if (!Array.isArray(value)) throw refuse(at, `expected an array of filters, got ${named(value)}`)
  return value.map((one: unknown, i) => object(one, `${at}[${i}]`, depth + 1))
}

function field(path: string, value: unknown, at: string, depth: number): Condition {
  if (path.startsWith('$')) throw unknown(path, at, LOGICAL_OPERATORS)
  if (path.split('.').includes(''))
    throw refuse(at, 'expected a field name, or names joined by dots')
  return isPlainObject(value)
    ? comparisons(path, value, at, depth)
    : equal(path, scalarOrNull(value, at))
}

function comparisons(path: string, filter: unknown, at: string, depth: number): Condition {
  const entries = entriesOf(filter, at, depth)
  if (entries.length === 0)
    throw refuse(at, `expected a value or operators (${FIELD_OPERATORS.join(', ')}), got {}`)
  return all(
    entries.map(([operator, value]) =>
      comparison(path, operator, value, `${at}.${operator}`, depth),
    ),
  )
}

function comparison(
  path: string,
  operator: string,
  value: unknown,
  at: string,
  depth: number,
): Condition {
  switch (operator) {
    case '$eq':
      return equal(path, scalarOrNull(value, at))
    case '$ne':
      return not(equal(path, scalarOrNull(value, at)))
    case '$in':
      return oneOf(path, value, at)
    case '$nin':
      return not(oneOf(path, value, at))
    case '$exists':
      if (typeof value !== 'boolean')
        throw refuse(at, `expected true or false, got ${named(value)}`)
      return value ? { kind: 'exists', path } : not({ kind: 'exists', path })
    case '$contains':
      return { kind: 'contains', path, value: scalar(value, at) }
    case '$startsWith':
      if (typeof value !== 'string') throw refuse(at, `expected text, got ${named(value)}`)
      return { kind: 'startsWith', path, prefix: value }
    case '$all':
      return everyOf(path, value, at)
    case '$size':
      if (!Number.isSafeInteger(value) || Number(value) < 0)
        throw refuse(at, `expected a number of elements, got ${named(value)}`)
      return { kind: 'size', path, size: Number(value) }
    case '$elemMatch':
      return { kind: 'element', path, of: element(value, at, depth + 1) }
    case '$not':
      if (!isPlainObject(value))
        throw refuse(at, `expected operators of the field, got ${named(value)}`)
      return not(comparisons(path, value, at, depth + 1))
    default:
  }
  const order = COMPARISONS[operator]
  if (order === undefined) throw unknown(operator, at, FIELD_OPERATORS)
  const bound = scalar(value, at)
  if (typeof bound === 'boolean')
    throw refuse(at, 'expected a number, a string or a Date: true and false cannot be ordered')
  return { kind: 'compare', path, comparison: order, value: bound }
}

function equal(path: string, value: Scalar | null): Condition {
  if (value === null) return not({ kind: 'exists', path })
  return { kind: 'compare', path, comparison: '=', value }
}

function oneOf(path: string, value: unknown, at: string): Condition {
  if (!Array.isArray(value)) throw refuse(at, `expected an array of values, got ${named(value)}`)
  const values = value.map((one: unknown, i) => scalarOrNull(one, `${at}[${i}]`))
  const known = values.filter(one => one !== null)
  const some: Condition = { kind: 'in', path, values: known }
  return known.length === values.length ? some : any([some, not({ kind: 'exists', path })])
}

function everyOf(path: string, values: unknown, at: string): Condition {
  if (!Array.isArray(values)) throw refuse(at, `expected an array of values, got ${named(values)}`)
  const each = values.map((value: unknown, i) => equal(path, scalar(value, `${at}[${i}]`)))
  return each.length === 0 ? any([]) : all(each)
}

/** Comparisons of the element itself, or a filter on its fields. */
function element(value: unknown, at: string, depth: number): Condition {
  return isComparison(value, depth) ? comparisons('', value, at, depth) : object(value, at, depth)
}

/** `$not` is around comparisons, or around a filter. */
function isComparison(value: unknown, depth: number): boolean {
  if (!isPlainObject(value) || depth > MAX_DEPTH) return false
  return Object.entries(value).some(([key, of]) =>
    key === '$not' ? isComparison(of, depth + 1) : FIELD_OPERATORS.includes(key),
  )
}

function scalarOrNull(value: unknown, at: string): Scalar | null {
  return value === null ? null : scalar(value, at)
}

function scalar(value: unknown, at: string): Scalar {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw refuse(at, 'the text has a lone surrogate')
      return value
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw refuse(at, `expected a finite number, got ${value}`)
      return value
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value)
        throw refuse(at, `expected an integer of at most 64 bits, got ${value}`)
      return value
    default:
  }
  if (!(value instanceof Date))
    throw refuse(at, `expected text, a number, true, false, null or a Date, got ${named(value)}`)
  if (Number.isNaN(value.getTime())) throw refuse(at, 'the Date is invalid')
  return value.toISOString()
}

function entriesOf(filter: unknown, at: string, depth: number): [string, unknown][] {
  if (depth > MAX_DEPTH) throw refuse(at, `a filter can have at most ${MAX_DEPTH} levels`)
  if (!isPlainObject(filter)) throw refuse(at, `expected an object, got ${named(filter)}`)
  return Object.entries(filter)
}

const all = (of: readonly Condition[]): Condition => (of.length === 1 ? of[0] : { kind: 'all', of })
const any = (of: readonly Condition[]): Condition => (of.length === 1 ? of[0] : { kind: 'any', of })
const not = (of: Condition): Condition => (of.kind === 'not' ? of.of : { kind: 'not', of })

function named(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return `an object (${value.constructor?.name ?? 'no prototype'})`
  return typeof value
}

function unknown(operator: string, at: string, known: readonly string[]): VecError {
  return refuse(at, `unknown operator ${operator}: expected ${known.join(', ')}`)
}

function refuse(at: string, message: string): VecError {
  return new VecError('VEC_FILTER', `${at}: ${message}`, {
    hint: 'docs/api.md#filters lists the operators and what they mean',
  })
}
