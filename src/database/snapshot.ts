import { inOwnTransaction } from './capabilities.ts'
import type { Database } from './database.ts'
import type { Statement } from './statement.ts'

/** One row of any schema, even an empty one. Starting the statement starts a snapshot of the schema's file. */
const ONE_ROW = 'SELECT EXISTS (SELECT 1 FROM {catalog})'

/**
 * Lets several statements see one snapshot of a schema, and lock the file once. A statement in the middle of its rows
 * holds the snapshot, or a transaction where such a statement would block writes (see SnapshotStatements).
 */
export class Snapshots {
  readonly #db: Database
  readonly #sql: string
  readonly #hold: Statement | undefined

  /** `catalog`: the table that lists the objects of the schema, quoted for SQL. */
  constructor(db: Database, catalog: string) {
    this.#db = db
    this.#sql = ONE_ROW.replace('{catalog}', catalog)
    this.#hold = db.holdsSnapshots ? db.prepare(this.#sql) : undefined
  }

  /** Runs `read` so that all its queries see one snapshot. */
  run<R>(read: () => R): R {
    const hold = this.#hold
    if (hold) return hold.busy ? read() : (hold.first([], read) as R)
    if (this.#db.inTransaction) return read()
    return inOwnTransaction(this.#db, read, () => this.#besideRows(read))
  }

  /** While the caller reads rows, no statement can write, so a statement of ours blocks nothing. */
  #besideRows<R>(read: () => R): R {
    using statement = this.#db.prepare(this.#sql)
    const cursor = statement.cursor([])
    try {
      cursor.step()
      return read()
    } finally {
      cursor.end()
    }
  }

  /**
   * Keeps the current snapshot until it is disposed of, across other statements; undefined where that is impossible.
   */
  hold(): Disposable | undefined {
    if (!this.#hold) return undefined
    const statement = this.#db.prepare(this.#sql)
    try {
      const cursor = statement.cursor([])
      cursor.step()
      return {
        [Symbol.dispose]: () => {
          cursor.end()
          statement.finalize()
        },
      }
    } catch (error) {
      statement.finalize()
      throw error
    }
  }

  dispose(): void {
    this.#hold?.finalize()
  }
}
