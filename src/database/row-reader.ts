import type { SqlValue } from './values.ts'

/**
 * The columns of a statement's current row, numbered from 0. Valid until the statement moves on or ends, so copy values
 * and do not keep the reader. Our engine throws VEC_CLOSED once the statement is finalized or its connection is closed.
 */
export interface RowReader {
  value(column: number): SqlValue
  isNull(column: number): boolean
  isText(column: number): boolean
  isBlob(column: number): boolean
  /** A column as double: INTEGER and REAL, exact up to 2^53; NULL is 0. */
  number(column: number): number
  /** An INTEGER column, exact to all 64 bits. A driver that rounds integers has to read it as text. */
  bigint(column: number): bigint
  text(column: number): string
  /**
   * The bytes of a BLOB or TEXT column. In our engine they are a view of SQLite's own memory, invalid after the next
   * call. `length` is `byteLength(column)` if the caller already knows it.
   */
  bytes(column: number, length?: number): Uint8Array
  /** Length in bytes of a BLOB or TEXT column. */
  byteLength(column: number): number
}
