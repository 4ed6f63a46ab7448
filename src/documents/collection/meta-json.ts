import { describeValue } from '../../core/describe-value.ts'
import { parseJson, stringifyJson } from '../../core/exact-json.ts'
import { isPlainObject } from '../../core/plain-object.ts'
import type { SqlValue } from '../../database/values.ts'

/** The maximum nesting of JSON in SQLite. It calls anything deeper malformed. */
const MAX_DEPTH = 1000

/**
 * Metadata as the table stores it. A Date becomes its ISO 8601 text, a bigint a number with all its digits, and an
 * undefined member is omitted. Throws TypeError, which names the position, for values that JSON would lose: NaN, a
 * function, a Map, an array as the whole.
 */
export function metaText(meta: unknown, where: string, id: string): string | null {
  if (meta === null) return null
  const name = `the meta of document '${id}'`
  if (!isPlainObject(meta)) {
    const remedy = typeof meta === 'string' ? ' (JSON.parse() makes one of JSON text)' : ''
    throw new TypeError(
      `${where}: ${name} is ${describeValue(meta)}: expected an object${remedy} or null`,
    )
  }
  requireJson(meta, where, name, 0)
  return stringifyJson(meta)
}

/** Any JSON as the table stores it, by the rules of `metaText`. */
export function jsonText(value: unknown, where: string, name: string): string {
  requireJson(value, where, name, 0)
  return stringifyJson(value)
}

/** The stored metadata as a value; text that is not JSON is returned as it is. */
export function readMeta(stored: SqlValue): unknown {
  if (typeof stored !== 'string') return stored
  try {
    return parseJson(stored)
  } catch {
    return stored
  }
}

function requireJson(value: unknown, where: string, name: string, depth: number): void {
  if (depth > MAX_DEPTH) {
    throw new RangeError(`${where}: ${name} is nested more than ${MAX_DEPTH} deep`)
  }
  if (isJsonScalar(value)) return
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) requireJson(item, where, `${name}[${i}]`, depth + 1)
    return
  }
  if (isPlainObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined) requireJson(item, where, `${name}.${key}`, depth + 1)
    }
    return
  }
  throw new TypeError(
    `${where}: ${name} is ${describeValue(value)}: expected text, a finite number, true, false, null, a Date, an array or a plain object`,
  )
}

function isJsonScalar(value: unknown): boolean {
  if (value === null || ['string', 'boolean', 'bigint'].includes(typeof value)) return true
  if (typeof value === 'number') return Number.isFinite(value)
  return value instanceof Date && Number.isFinite(value.getTime())
}
