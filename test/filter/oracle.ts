import type { Condition, Scalar } from '../../src/core/filter/condition.ts'

/** What a condition means, said in JavaScript. `undefined`: the metadata is not JSON. */
export function holds(condition: Condition, meta: unknown): boolean {
  if (meta === undefined) return certain(condition)
  switch (condition.kind) {
    case 'all':
      return condition.of.every(one => holds(one, meta))
    case 'any':
      return condition.of.some(one => holds(one, meta))
    case 'not':
      return !holds(condition.of, meta)
    case 'exists': {
      const value = at(meta, condition.path)
      return value !== undefined && value !== null
    }
    case 'compare':
      return elements(at(meta, condition.path)).some(value =>
        compared(value, condition.comparison, condition.value),
      )
    case 'in':
      return elements(at(meta, condition.path)).some(value =>
        condition.values.some(wanted => compared(value, '=', wanted)),
      )
    case 'contains': {
      const value = at(meta, condition.path)
      if (Array.isArray(value)) return value.some(one => compared(one, '=', condition.value))
      return (
        typeof value === 'string' &&
        typeof condition.value === 'string' &&
        value.includes(condition.value)
      )
    }
    case 'startsWith':
      return elements(at(meta, condition.path)).some(
        value => typeof value === 'string' && value.startsWith(condition.prefix),
      )
    case 'size': {
      const value = at(meta, condition.path)
      return Array.isArray(value) && value.length === condition.size
    }
    case 'element': {
      const value = at(meta, condition.path)
      return Array.isArray(value) && value.some(one => holds(condition.of, one))
    }
  }
}

/** Without JSON nothing is known of any field, and what is not known is no match, negated or not. */
function certain(condition: Condition): boolean {
  return known(condition) === true
}

/** Three-valued logic over conditions of which those on fields are unknown. */
function known(condition: Condition): boolean | undefined {
  switch (condition.kind) {
    case 'all': {
      const of = new Set(condition.of.map(known))
      return of.has(false) ? false : of.has(undefined) ? undefined : true
    }
    case 'any': {
      const of = new Set(condition.of.map(known))
      return of.has(true) ? true : of.has(undefined) ? undefined : false
    }
    case 'not': {
      const of = known(condition.of)
      return of === undefined ? undefined : !of
    }
    case 'in':
    case 'compare':
    case 'exists':
    case 'contains':
    case 'startsWith':
    case 'size':
    case 'element':
      return undefined
  }
}

function at(meta: unknown, path: string): unknown {
  if (path === '') return meta
  let value = meta
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    value = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
  }
  return value
}

const elements = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])

function compared(value: unknown, comparison: string, wanted: Scalar): boolean {
  const number = typeof wanted === 'bigint' ? Number(wanted) : wanted
  if (typeof value !== typeof number) return false
  const one = value as string | number | boolean
  switch (comparison) {
    case '=':
      return one === number
    case '<':
      return order(one, number) < 0
    case '<=':
      return order(one, number) <= 0
    case '>':
      return order(one, number) > 0
    default:
      return order(one, number) >= 0
  }
}

/** Text by its bytes, as SQLite's BINARY collation has it. */
function order(a: string | number | boolean, b: string | number | boolean): number {
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(String(b)))
  return Number(a) - Number(b)
}
