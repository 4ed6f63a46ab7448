import type { Connection } from '../sqlite/connection.ts'
import type { Statement } from '../sqlite/statement.ts'

/** Statements of one connection, by their text. If there are too many, the least recently used one is finalized. */
export class StatementCache {
  readonly #db: Connection
  readonly #most: number
  readonly #statements = new Map<string, Statement>()

  constructor(db: Connection, most: number) {
    this.#db = db
    this.#most = most
  }

  get(sql: string): Statement {
    const known = this.#statements.get(sql)
    if (known !== undefined) this.#statements.delete(sql)
    const statement = known ?? this.#db.prepare(sql)
    this.#statements.set(sql, statement)
    if (this.#statements.size > this.#most) {
      const [oldest, unused] = this.#statements.entries().next().value!
      this.#statements.delete(oldest)
      unused.finalize()
    }
    return statement
  }
}
