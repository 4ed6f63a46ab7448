import type { RowReader } from './row-reader.ts'
import type { BindValue } from './values.ts'

/** What a statement that writes has done. */
export interface RunResult {
  /** Rows inserted, updated or deleted by the statement itself. */
  readonly changes: number
  readonly lastInsertRowid: number | bigint
}

/**
 * A prepared statement. Whatever is thrown on the way, by SQLite or by a callback, it is ended, and can run again.
 * Parameters are given by position: all of them, `?1` first.
 */
export interface Statement {
  readonly source: string
  /** In the middle of `first`, `each` or an open cursor. */
  readonly busy: boolean
  /** Runs it and reads its first row; undefined when there is none. */
  first<R>(parameters: readonly BindValue[], read: (row: RowReader) => R): R | undefined
  /** Runs it and visits its rows, until there are no more or `visit` returns false. */
  each(parameters: readonly BindValue[], visit: (row: RowReader) => boolean | void): void
  /** `each` for few rows: all are read before the first visit. See PagedReads. */
  page?(parameters: readonly BindValue[], visit: (row: RowReader) => void): void
  /** Runs it, to be stepped by later calls. The holder ends it; an error of a step has ended it already. */
  cursor(parameters: readonly BindValue[]): Cursor
  run(...parameters: BindValue[]): RunResult
  /** Frees it. A second call does nothing. */
  finalize(): void
  [Symbol.dispose](): void
}

/** A statement that runs across several calls. */
export interface Cursor {
  /** The row that the last step went to. */
  readonly row: RowReader
  /** Goes to the next row. False after the last one: then, and when it throws, the statement is ended. */
  step(): boolean
  /** Lets go of the rows. A second call does nothing. */
  end(): void
}
