import { VecError } from '../core/errors.ts'
import type { UpstreamRow } from './upstream-session.ts'

/**
 * Checks a driver's result column by column. A proxy or a failing server may garble a stream in such a way that the
 * driver still reads something. A garbled result counts as a connection failure, and is tried again on a new
 * connection.
 */
export function garbled(what: string): VecError {
  return new VecError('SYNC_TRANSPORT', `the upstream sent an invalid response: ${what}`, {
    hint: 'check what is in between: a proxy, or a driver with custom type parsers; TLS detects corrupted streams',
  })
}

/** A result as rows with named columns. */
export function rowsOf(result: unknown): UpstreamRow[] {
  if (!Array.isArray(result)) throw garbled(`expected rows, got ${kindOf(result)}`)
  for (const row of result as unknown[]) {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) {
      throw garbled(`expected a row with named columns, got ${kindOf(row)}`)
    }
  }
  return result as UpstreamRow[]
}

/** The row of a statement that always returns one. */
export function oneOf(rows: readonly UpstreamRow[]): UpstreamRow {
  const [row] = rows
  if (row === undefined) throw garbled('expected a row, got none')
  return row
}

/** The value of a column that the statement names. A row without the column is garbled; it does not count as NULL. */
export function valueIn(row: UpstreamRow, column: string): unknown {
  const value = row[column]
  if (value === undefined) throw garbled(`column ${column} is missing`)
  return value
}

export function textIn(row: UpstreamRow, column: string): string {
  const value = valueIn(row, column)
  if (typeof value === 'string') return value
  throw garbled(`column ${column}: expected text, got ${kindOf(value)}`)
}

/** Undefined for NULL. */
export function optionalTextIn(row: UpstreamRow, column: string): string | undefined {
  return valueIn(row, column) === null ? undefined : textIn(row, column)
}

/**
 * An integer of any size. Statements return integers as decimal text, and some drivers convert small ones to numbers.
 */
export function integerIn(row: UpstreamRow, column: string): bigint {
  const value = valueIn(row, column)
  if (typeof value === 'bigint') return value
  if (typeof value === 'string' && /^-?\d{1,40}$/.test(value)) return BigInt(value)
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  throw garbled(`column ${column}: expected an integer, got ${kindOf(value)}`)
}

/** Undefined for NULL. */
export function optionalIntegerIn(row: UpstreamRow, column: string): bigint | undefined {
  return valueIn(row, column) === null ? undefined : integerIn(row, column)
}

/** A count or a size. */
export function numberIn(row: UpstreamRow, column: string): number {
  const number = Number(integerIn(row, column))
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw garbled(`column ${column}: expected a count, got ${number}`)
}

/** The kind of a value, for messages. The value itself may be long, or secret. */
export function kindOf(value: unknown): string {
  if (value === null) return 'NULL'
  if (value instanceof Uint8Array) return 'bytes'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'string' ? 'text' : typeof value
}
