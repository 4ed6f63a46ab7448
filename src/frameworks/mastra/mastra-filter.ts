import type { OperatorValueMap, VectorFilter } from '@mastra/core/vector/filter'
import { VecError } from '../../core/errors.ts'
import type { Filter } from '../../core/filter/filter.ts'
import { isPlainObject } from '../../core/plain-object.ts'

type Operators = OperatorValueMap & {
  /** An array contains this element; a text contains this text. */
  $contains: string | number | boolean | Date
  /** A text begins with this. */
  $startsWith: string
  /** An array of this many elements. */
  $size: number
}

/** The filters of Mastra, with `$contains`, `$startsWith` and `$size`. */
export type SqliteVectorFilter = VectorFilter<keyof Operators, Operators>

/** The distinct values of a field. */
export type ValuesOf = (this: void, path: string) => readonly unknown[]

type Node = Readonly<Record<string, unknown>>

const ORDER = new Set(['$gt', '$gte', '$lt', '$lte'])
const LOGICAL = new Set(['$and', '$or', '$nor'])
/** A deeper filter is left as it is: it is refused when it is parsed. */
const MAX_DEPTH = 50

/**
 * A filter of Mastra as one of ours. They differ in four points. An array means `$in`, and an object without operators
 * leads into nested fields. A negated order comparison needs the field, as in SQL. A regular expression is matched here
 * against the distinct values of the field. What is left is checked when the filter is parsed.
 */
export function filterOfMastra(filter: object, valuesOf: ValuesOf): Filter {
  return new Translation(valuesOf).filter(filter as Node, '', 0) as Filter
}

class Translation {
  readonly #valuesOf: ValuesOf

  constructor(valuesOf: ValuesOf) {
    this.#valuesOf = valuesOf
  }

  /** `prefix` leads to the object that the fields belong to. */
  filter(filter: Node, prefix: string, depth: number): object {
    if (depth > MAX_DEPTH) return filter
    const nested = (value: unknown): unknown =>
      isPlainObject(value) ? this.filter(value as Node, prefix, depth + 1) : value
    const terms = Object.entries(filter).map(([key, value]): object => {
      if (LOGICAL.has(key)) {
        return { [key]: Array.isArray(value) ? value.map(nested) : value }
      }
      if (key === '$not') return { $not: nested(value) }
      return key.startsWith('$') ? { [key]: value } : this.#field(prefix + key, value, depth)
    })
    return terms.length === 1 ? terms[0] : { $and: terms }
  }

  #field(path: string, value: unknown, depth: number): object {
    if (value instanceof RegExp) return this.#matching(path, value)
    if (Array.isArray(value)) return { [path]: { $in: value as readonly unknown[] } }
    if (!isPlainObject(value)) return { [path]: value }
    const keys = Object.keys(value)
    if (keys.length === 0) return { [path]: value }
    if (keys.some(key => key.startsWith('$'))) {
      return this.#comparisons(path, value as Node, depth)
    }
    return this.filter(value as Node, `${path}.`, depth + 1)
  }

  #comparisons(path: string, operators: Node, depth: number): object {
    const { $regex, $options, $not, ...others } = operators
    const terms: object[] = []
    if (Object.keys(others).length > 0) terms.push({ [path]: this.#lists(others) })
    if ($regex !== undefined) terms.push(this.#matching(path, regexOf(path, $regex, $options)))
    else if ($options !== undefined) throw refused(path, '$options without $regex')
    if ('$not' in operators) terms.push(this.#negated(path, $not, depth + 1))
    return terms.length === 1 ? terms[0] : { $and: terms }
  }

  /** One value for `$all` is a list of one. */
  #lists(operators: Node): Node {
    const { $all } = operators
    return $all === undefined || Array.isArray($all) ? operators : { ...operators, $all: [$all] }
  }

  #negated(path: string, inner: unknown, depth: number): object {
    if (inner instanceof RegExp) return { $not: this.#matching(path, inner) }
    if (!isPlainObject(inner) || depth > MAX_DEPTH || Object.keys(inner).length === 0)
      return { [path]: { $not: inner } }
    const negation = { $not: this.#comparisons(path, inner as Node, depth) }
    const isOrdered = Object.keys(inner).some(key => ORDER.has(key))
    return isOrdered ? { $and: [{ [path]: { $exists: true } }, negation] } : negation
  }

  #matching(path: string, pattern: RegExp): object {
    // Without the flags g and y, each test begins at the start of the text.
    const one = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''))
    const texts = this.#valuesOf(path).filter(value => typeof value === 'string')
    return { [path]: { $in: texts.filter(text => one.test(text)) } }
  }
}

/** `(?i)` at the beginning of a pattern, as in other languages, is a flag here. */
function regexOf(path: string, pattern: unknown, options: unknown): RegExp {
  if (pattern instanceof RegExp && options === undefined) return pattern
  const source = pattern instanceof RegExp ? pattern.source : pattern
  if (typeof source !== 'string') throw refused(path, '$regex that is neither text nor a RegExp')
  if (options !== undefined && typeof options !== 'string') {
    throw refused(path, '$options that is not text')
  }
  const [start = '', flags = ''] = /^\(\?([ims]+)\)/.exec(source) ?? []
  try {
    return new RegExp(source.slice(start.length), [...new Set(flags + (options ?? ''))].join(''))
  } catch (error) {
    throw refused(path, `an invalid $regex (${(error as Error).message})`)
  }
}

function refused(path: string, what: string): VecError {
  return new VecError('VEC_FILTER', `filter.${path} has ${what}`, {
    hint: `write it as { ${path}: { $regex: '^a', $options: 'i' } }, or as a RegExp`,
  })
}
