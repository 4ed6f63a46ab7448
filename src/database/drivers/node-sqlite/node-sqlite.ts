import { VecError, type SqliteErrorCode } from '../../../core/errors.ts'
import { isQuery, type DriverHandle } from '../../driver-database.ts'
import type { RowsOfValues } from '../../values-statement.ts'

/** The members of node:sqlite's `DatabaseSync` that are used, from Node 22.16 or in Deno. */
export interface NodeSqliteHandle {
  readonly isOpen: boolean
  readonly isTransaction: boolean
  exec(sql: string): unknown
  prepare(sql: string): NodeSqliteStatement
}

interface NodeSqliteStatement {
  setReturnArrays(enabled: boolean): unknown
  setReadBigInts(enabled: boolean): unknown
  get(...values: unknown[]): unknown
  all(...values: unknown[]): unknown[]
  iterate(...values: unknown[]): IterableIterator<unknown>
  run(...values: unknown[]): {
    readonly changes: number | bigint
    readonly lastInsertRowid: number | bigint
  }
}

export function nodeSqlite(handle: NodeSqliteHandle): DriverHandle {
  return {
    get open() {
      return handle.isOpen
    },
    get inTransaction() {
      return handle.isTransaction
    },
    exec: sql => withCode(() => void handle.exec(sql)),
    prepare: sql => withCode(() => rows(handle.prepare(sql), sql)),
  }
}

/** Deno ends an iteration that fails, for example since the file is locked, as if there were no more rows. */
const SWALLOWS_ERRORS = 'Deno' in globalThis

function rows(statement: NodeSqliteStatement, sql: string): RowsOfValues {
  statement.setReturnArrays(true)
  statement.setReadBigInts(true)
  return {
    isQuery: isQuery(sql),
    get: values => withCode(() => statement.get(...values)),
    all: values => withCode(() => statement.all(...values)),
    ...(SWALLOWS_ERRORS ? {} : { iterate: values => iterated(statement.iterate(...values)) }),
    run: values => withCode(() => statement.run(...values)),
  }
}

function* iterated(native: IterableIterator<unknown>): Generator<unknown, void, undefined> {
  try {
    for (;;) {
      const { done, value } = withCode(() => native.next())
      if (done === true) return
      yield value
    }
  } finally {
    native.return?.()
  }
}

/** All errors of the driver have one code. SQLite's messages distinguish them; in Deno, only they do. */
const CODES: readonly (readonly [message: RegExp, code: SqliteErrorCode])[] = [
  [/^database is locked/, 'SQLITE_BUSY'],
  [/^database (?:schema|table) is locked/, 'SQLITE_LOCKED'],
  [/^attempt to write a readonly database/, 'SQLITE_READONLY'],
  [/^database or disk is full/, 'SQLITE_FULL'],
  [/^disk I\/O error/, 'SQLITE_IOERR'],
  [/\bconstraint failed/, 'SQLITE_CONSTRAINT'],
  [/^unable to open database file/, 'SQLITE_CANTOPEN'],
]

function withCode<R>(task: () => R): R {
  try {
    return task()
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    const code = CODES.find(([message]) => message.test(cause.message))?.[1]
    if (code === undefined) throw cause
    const { errcode } = cause as { errcode?: unknown }
    const extendedCode = typeof errcode === 'number' ? errcode : 0
    throw new VecError(code, cause.message, { cause, extendedCode })
  }
}
