import type { Connection } from '../sqlite/connection.ts'
import { asSqliteError, closed } from './sqlite-error.ts'

/** What a database and its statements have in common: the connection, and what it is doing. */
export class ConnectionState {
  readonly connection: Connection
  /** Is told every SQL text that runs, with its parameters in it. */
  readonly log: ((sql: string) => void) | undefined
  /** A statement runs: JavaScript that it calls may not use the connection. */
  busy = false
  /** Iterators that are neither at their end nor left: nothing may be written. */
  iterators = 0
  /** Writing beside iterators is allowed. */
  unsafe = false
  /** Statements and functions that are made from now on see every INTEGER as bigint. */
  safeIntegers = false
  /** What JavaScript that SQLite called has thrown: it is thrown again in the place of SQLite's error. */
  #thrown: { readonly error: unknown } | undefined

  constructor(connection: Connection, log: ((sql: string) => void) | undefined) {
    this.connection = connection
    this.log = log
  }

  /** A statement may be prepared, or run for reading. */
  requireIdle(): void {
    if (!this.connection.open) throw closed()
    if (this.busy) throw busy('database connection')
  }

  /** The database may be changed. */
  requireQuiet(): void {
    this.requireIdle()
    if (this.iterators > 0 && !this.unsafe) throw busy('database connection')
  }

  /** A function, a table or the connection itself may be changed. */
  requireNoIterator(): void {
    this.requireIdle()
    if (this.iterators > 0) throw busy('database connection')
  }

  /** Runs `task` as a statement runs, with the errors of better-sqlite3. */
  run<R>(task: () => R): R {
    this.busy = true
    try {
      return task()
    } catch (error) {
      throw this.failure(error)
    } finally {
      this.busy = false
    }
  }

  /** Runs JavaScript that SQLite has called. */
  called<R>(task: () => R): R {
    try {
      return task()
    } catch (error) {
      this.#thrown = { error }
      throw error
    }
  }

  /** What is thrown for a failure of the engine. */
  failure(error: unknown): unknown {
    const thrown = this.#thrown
    this.#thrown = undefined
    return thrown ? thrown.error : asSqliteError(error)
  }
}

export function busy(what: 'database connection' | 'statement'): TypeError {
  return new TypeError(`This ${what} is busy executing a query`)
}
