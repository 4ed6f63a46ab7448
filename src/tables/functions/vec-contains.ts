import { parseJson } from '../../core/exact-json.ts'
import type { SqlValue } from '../../database/values.ts'

/**
 * `vec_contains(json, value)`: 1 if the JSON text is an array with that text or number among its elements, NULL for
 * NULL, 0 otherwise.
 */
export function vecContains(json: SqlValue, value: SqlValue): number | null {
  if (json === null || value === null) return null
  if (typeof json !== 'string') return 0
  let elements: unknown
  try {
    elements = parseJson(json)
  } catch {
    return 0
  }
  if (!Array.isArray(elements)) return 0
  return elements.some(element => isEqual(element, value)) ? 1 : 0
}

/** 1 equals 1.0. All digits of an integer are compared. */
function isEqual(element: unknown, value: SqlValue): boolean {
  if (typeof element === 'bigint' || typeof value === 'bigint') {
    const numbers = isNumber(element) && isNumber(value)
    // A bigint equals the number of the same value.
    return numbers && element == value
  }
  return element === value
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}
