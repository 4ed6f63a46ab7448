import type { SqlValue } from './values.ts'

/**
 * The columns of the row a statement is on, by their number from 0. Valid until the statement moves on or ends: take
 * values out of it, do not keep it. Our engine throws VEC_CLOSED once the statement is finalized or its connection closed.
 */
export interface RowReader {
  value(column: number): SqlValue
  isNull(column: number): boolean
  isText(column: number): boolean
  isBlob(column: number): boolean
  /** A column as double: INTEGER and REAL exactly up to 2^53, NULL as 0. */
  number(column: number): number
  /** An INTEGER column, exactly: all 64 bits. A driver that rounds integers has to read it as text. */
  bigint(column: number): bigint
  text(column: number): string
  /**
   * The bytes of a BLOB or TEXT column, in our engine in SQLite's own memory: a view, gone after the next call of anything.
   * `length` if it is known already; it is `byteLength(column)`.
   */
  bytes(column: number, length?: number): Uint8Array
  /** Length in bytes of a BLOB or TEXT column. */
  byteLength(column: number): number
}
