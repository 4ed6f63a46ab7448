import type { Connection } from '../sqlite/connection.ts'
import { asSqliteError, closed } from './sqlite-error.ts'

/** The state that a database and its statements share: the connection, and its activity. */
export class ConnectionState {
  readonly connection: Connection
  /** Receives every SQL text that runs, with its parameters in it. */
  readonly log: ((sql: string) => void) | undefined
  /** A statement is running: JavaScript that it calls may not use the connection. */
  busy = false
  /** The number of unfinished iterators. While there are any, writes are refused. */
  iterators = 0
  /** Whether writes are allowed beside iterators. */
  unsafe = false
  /** Whether statements and functions created from now on see every INTEGER as bigint. */
  safeIntegers = false
  /** What JavaScript called by SQLite has thrown. It is thrown again in place of SQLite's error. */
  #thrown: { readonly error: unknown } | undefined

  constructor(connection: Connection, log: ((sql: string) => void) | undefined) {
    this.connection = connection
    this.log = log
  }

  /** Throws if no statement may be prepared, or run for reading. */
  requireIdle(): void {
    if (!this.connection.open) throw closed()
    if (this.busy) throw busy('database connection')
  }

  /** Throws if the database may not be changed. */
  requireQuiet(): void {
    this.requireIdle()
    if (this.iterators > 0 && !this.unsafe) throw busy('database connection')
  }

  /** Throws if no function, table or setting of the connection may be changed. */
  requireNoIterator(): void {
    this.requireIdle()
    if (this.iterators > 0) throw busy('database connection')
  }

  /** Runs `task`, as a statement does, with the errors of better-sqlite3. */
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

  /** Runs JavaScript that SQLite calls. */
  called<R>(task: () => R): R {
    try {
      return task()
    } catch (error) {
      this.#thrown = { error }
      throw error
    }
  }

  /** The error to throw for a failure of the engine. */
  failure(error: unknown): unknown {
    const thrown = this.#thrown
    this.#thrown = undefined
    return thrown ? thrown.error : asSqliteError(error)
  }
}

export function busy(what: 'database connection' | 'statement'): TypeError {
  return new TypeError(`This ${what} is busy executing a query`)
}
