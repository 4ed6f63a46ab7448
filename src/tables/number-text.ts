import { Utf8 } from '../core/utf8.ts'
import type { SqlValue } from '../database/values.ts'

/** An SQL value in an error message. */
export function sqlText(value: SqlValue | Utf8): string {
  if (value === null) return 'NULL'
  if (value instanceof Utf8) return sqlText(String(value))
  if (typeof value === 'string')
    return `text '${value.length > 40 ? `${value.slice(0, 40)}...` : value}'`
  return value instanceof Uint8Array ? `a BLOB of ${value.length} bytes` : String(value)
}

/**
 * A whole number as text, for dataset_id or a document's id: its digits, whether it is an INTEGER or a REAL.
 * Undefined for any other number.
 */
export function digitsOf(number: number | bigint): string | undefined {
  if (typeof number === 'bigint') return String(number)
  return Number.isSafeInteger(number) ? String(number) : undefined
}
