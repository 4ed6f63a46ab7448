import type { RowReader } from './row-reader.ts'
import type { BindValue } from './values.ts'

/** The effect of a statement that writes. */
export interface RunResult {
  /** Rows inserted, updated or deleted by the statement itself. */
  readonly changes: number
  readonly lastInsertRowid: number | bigint
}

/**
 * A prepared statement. After an error of SQLite or of a callback, it has ended and can run again. Parameters are given
 * by position: all of them, `?1` first.
 */
export interface Statement {
  readonly source: string
  /** True in the middle of `first`, `each` or an open cursor. */
  readonly busy: boolean
  /** Runs the statement and reads its first row; returns undefined if there is none. */
  first<R>(parameters: readonly BindValue[], read: (row: RowReader) => R): R | undefined
  /** Runs the statement and visits its rows, until there are no more or `visit` returns false. */
  each(parameters: readonly BindValue[], visit: (row: RowReader) => boolean | void): void
  /** `each` for few rows: reads all of them before the first visit. See PagedReads. */
  page?(parameters: readonly BindValue[], visit: (row: RowReader) => void): void
  /** Runs the statement, to be stepped by later calls. The caller ends it; an error of a step has already ended it. */
  cursor(parameters: readonly BindValue[]): Cursor
  run(...parameters: BindValue[]): RunResult
  /** Frees the statement. A second call does nothing. */
  finalize(): void
  [Symbol.dispose](): void
}

/** A statement that runs across several calls. */
export interface Cursor {
  /** The current row. */
  readonly row: RowReader
  /**
   * Goes to the next row. Returns false after the last one. The statement has then ended, as it has when this throws.
   */
  step(): boolean
  /** Releases the rows. A second call does nothing. */
  end(): void
}
