import { inOwnTransaction } from './capabilities.ts'
import type { Database } from './database.ts'
import type { Statement } from './statement.ts'

/** One row of any schema, even an empty one: to begin it is to begin a snapshot of the schema's file. */
const ONE_ROW = 'SELECT EXISTS (SELECT 1 FROM {catalog})'

/**
 * Lets several statements see one snapshot of a schema, and take the file's lock once: by a statement that is in the middle
 * of its rows, or where that would block writes (see SnapshotStatements) by a transaction.
 */
export class Snapshots {
  readonly #db: Database
  readonly #sql: string
  readonly #hold: Statement | undefined

  /** `catalog`: the table that lists what the schema holds, for SQL. */
  constructor(db: Database, catalog: string) {
    this.#db = db
    this.#sql = ONE_ROW.replace('{catalog}', catalog)
    this.#hold = db.holdsSnapshots ? db.prepare(this.#sql) : undefined
  }

  /** All that `read` asks of the database is of one snapshot. */
  run<R>(read: () => R): R {
    const hold = this.#hold
    if (hold) return hold.busy ? read() : (hold.first([], read) as R)
    if (this.#db.inTransaction) return read()
    return inOwnTransaction(this.#db, read, () => this.#besideRows(read))
  }

  /** While rows of the caller's are being read nothing can write, and so a statement of ours blocks nothing. */
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

  /** Keeps what is seen now until it is disposed of, across statements of others; undefined where that cannot be. */
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
