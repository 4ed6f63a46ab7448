import { VecError } from '../../../core/errors.ts'
import type { DriverHandle } from '../../driver-database.ts'
import { parametersOf } from '../../exact-text.ts'
import type { RowsOfValues } from '../../values-statement.ts'

/** The members of a better-sqlite3 handle that are used. */
export interface BetterSqlite3Handle {
  readonly open: boolean
  readonly inTransaction: boolean
  readonly readonly: boolean
  exec(sql: string): unknown
  prepare(sql: string): BetterSqlite3Statement
}

interface BetterSqlite3Statement {
  readonly reader: boolean
  readonly readonly: boolean
  raw(): this
  safeIntegers(): this
  get(...parameters: unknown[]): unknown
  all(...parameters: unknown[]): unknown[]
  iterate(...parameters: unknown[]): IterableIterator<unknown>
  run(...parameters: unknown[]): {
    readonly changes: number
    readonly lastInsertRowid: number | bigint
  }
}

/** A handle of better-sqlite3. There, a running iteration blocks writes. */
export function betterSqlite3(handle: BetterSqlite3Handle): DriverHandle {
  return {
    get open() {
      return handle.open
    },
    get inTransaction() {
      return handle.inTransaction
    },
    get readonly() {
      return handle.readonly
    },
    exec: sql => unlessBusy(() => void handle.exec(sql)),
    prepare: sql => new Rows(handle.prepare(sql).safeIntegers(), sql),
  }
}

class Rows implements RowsOfValues {
  readonly isQuery: boolean
  readonly #statement: BetterSqlite3Statement
  readonly #written: ReturnType<typeof parametersOf>

  constructor(statement: BetterSqlite3Statement, sql: string) {
    if (statement.reader) statement.raw()
    this.#statement = statement
    this.#written = parametersOf(sql)
    this.isQuery = statement.readonly
  }

  get(values: readonly unknown[]): unknown {
    return this.#statement.get(...this.#parameters(values))
  }

  all(values: readonly unknown[]): unknown[] {
    return this.#statement.all(...this.#parameters(values))
  }

  iterate(values: readonly unknown[]): IterableIterator<unknown> {
    return this.#statement.iterate(...this.#parameters(values))
  }

  run(values: readonly unknown[]): ReturnType<BetterSqlite3Statement['run']> {
    return unlessBusy(() => this.#statement.run(...this.#parameters(values)))
  }

  /** better-sqlite3 takes `?1` for a name. */
  #parameters(values: readonly unknown[]): readonly unknown[] {
    const { named, plain } = this.#written
    if (named.length === 0) return values
    return [
      ...plain.map(number => values[number - 1]),
      Object.fromEntries(named.map(number => [number, values[number - 1]])),
    ]
  }
}

function unlessBusy<R>(write: () => R): R {
  try {
    return write()
  } catch (cause) {
    if (!(cause instanceof TypeError) || !cause.message.includes('is busy')) throw cause
    throw new VecError('SQLITE_BUSY', `better-sqlite3 refused a write: ${cause.message}`, {
      hint: 'an iterate() of this handle is under way: end its loop, or read with all(), before writing',
      cause,
    })
  }
}
