import type { Utf8 } from '../core/utf8.ts'
import type { RunResult } from '../database/statement.ts'
import type { BindValue, SqlValue } from '../database/values.ts'
import type { CollectionQuery } from '../documents/collection/read-query.ts'
import type { InsertManyOptions } from '../sqlite/vtab/insert-many.ts'

/** The value of a parameter. */
export type AsyncValue = Exclude<BindValue, Utf8>

/** Parameters of a statement: by position, or by name. */
export type AsyncParameters = readonly AsyncValue[] | Readonly<Record<string, AsyncValue>>

/** A row as an object. */
export type AsyncRow = Record<string, SqlValue>

/** Each row as an object, as an array, or as its first column. */
export type RowForm = 'objects' | 'arrays' | 'values'

export interface CallOptions {
  /**
   * Ends the call; the promise rejects with the signal's reason. A call that waits is not begun. A running statement is
   * interrupted and undone in Node, Bun and Deno. In browsers it runs on: a read rejects at once, a write when it ends, unless
   * it was committed.
   */
  readonly signal?: AbortSignal | undefined
  /**
   * Moves the buffers of parameters to the worker instead of copying them, which empties the caller's arrays. An array
   * that is a part of a larger buffer is copied.
   */
  readonly transfer?: boolean | undefined
}

export interface RowOptions extends CallOptions {
  /** Default: 'objects'. */
  readonly rows?: RowForm | undefined
}

/** A statement of a transaction: only SQL, or SQL with its parameters. */
export type AsyncStatement = string | readonly [sql: string, parameters?: AsyncParameters]

/** The result of a statement of a transaction: its rows if it returns any, otherwise its changes. */
export type StatementResult = AsyncRow[] | RunResult

export interface AsyncInsertOptions extends InsertManyOptions, CallOptions {}

/** A search in one dataset of a vec table. */
export interface AsyncQuery<M = unknown> extends Omit<CollectionQuery<M>, 'rerank' | 'signal'> {
  readonly dataset: string
}
