import type { DatabaseFacts } from './database-facts.ts'
import type { Statement } from './statement.ts'

/** A function that runs in a transaction, and its variants. */
export type Transaction<F extends (...args: never[]) => unknown> = Variant<F> & {
  readonly default: Transaction<F>
  readonly deferred: Transaction<F>
  readonly immediate: Transaction<F>
  readonly exclusive: Transaction<F>
  readonly database: DatabaseFacts
}

type Variant<F extends (...args: never[]) => unknown> = (...args: ArgumentsOf<F>) => ReturnType<F>

/** Not Parameters<F>: TypeScript compares this type with that of @types/better-sqlite3 by its form. */
type ArgumentsOf<F> = F extends (...args: infer A) => unknown ? A : never

/** The statements that begin and end transactions of one database. */
export class TransactionStatements {
  readonly #prepare: (sql: string) => Statement
  readonly #prepared = new Map<string, Statement>()

  constructor(prepare: (sql: string) => Statement) {
    this.#prepare = prepare
    // A closed connection is reported at once.
    this.run('BEGIN', false)
  }

  run(sql: string, now = true): void {
    let statement = this.#prepared.get(sql)
    if (statement === undefined) this.#prepared.set(sql, (statement = this.#prepare(sql)))
    if (now) statement.run()
  }
}

const SAVEPOINT = '"sqlite-vec-ts transaction"'
const BEGIN = {
  default: 'BEGIN',
  deferred: 'BEGIN DEFERRED',
  immediate: 'BEGIN IMMEDIATE',
  exclusive: 'BEGIN EXCLUSIVE',
} as const

export function transaction<F extends (...args: never[]) => unknown>(
  database: DatabaseFacts,
  statements: TransactionStatements,
  fn: F,
): Transaction<F> {
  const variants = Object.entries(BEGIN).map(
    ([name, begin]) => [name, { value: variant(database, statements, begin, fn) }] as const,
  )
  const properties = {
    ...Object.fromEntries(variants),
    database: { value: database, enumerable: true },
  }
  for (const [, { value }] of variants) Object.defineProperties(value, properties)
  return variants[0][1].value as unknown as Transaction<F>
}

function variant(
  database: DatabaseFacts,
  statements: TransactionStatements,
  begin: string,
  fn: (...args: never[]) => unknown,
) {
  return function inTransaction(this: unknown, ...args: unknown[]): unknown {
    const nested = database.inTransaction
    statements.run(nested ? `SAVEPOINT ${SAVEPOINT}` : begin)
    try {
      const result: unknown = Reflect.apply(fn, this, args)
      if (typeof (result as { then?: unknown } | null | undefined)?.then === 'function') {
        throw new TypeError('Transaction function cannot return a promise')
      }
      statements.run(nested ? `RELEASE ${SAVEPOINT}` : 'COMMIT')
      return result
    } catch (error) {
      // SQLite may have rolled the transaction back already.
      if (database.inTransaction) {
        statements.run(nested ? `ROLLBACK TO ${SAVEPOINT}` : 'ROLLBACK')
        if (nested) statements.run(`RELEASE ${SAVEPOINT}`)
      }
      throw error
    }
  }
}
