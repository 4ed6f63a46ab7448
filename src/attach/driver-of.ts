import { argumentError } from '../core/argument-error.ts'
import { isThenable } from '../core/describe-value.ts'
import { VecError } from '../core/errors.ts'
import type { Database } from '../database/database.ts'
import { DriverDatabase, type DriverHandle } from '../database/driver-database.ts'
import {
  betterSqlite3,
  type BetterSqlite3Handle,
} from '../database/drivers/better-sqlite3/better-sqlite3.ts'
import { bunSqlite, type BunSqliteHandle } from '../database/drivers/bun-sqlite/bun-sqlite.ts'
import { libsql, type LibsqlHandle } from '../database/drivers/libsql/libsql.ts'
import { nodeSqlite, type NodeSqliteHandle } from '../database/drivers/node-sqlite/node-sqlite.ts'

/**
 * A handle for `attach`: a database of better-sqlite3, node:sqlite (from Node 22.16, or in Deno), bun:sqlite or libsql,
 * a `Connection` of this package, or any object that implements the port, `Database`.
 */
export type SqliteHandle =
  | BetterSqlite3Handle
  | NodeSqliteHandle
  | BunSqliteHandle
  | LibsqlHandle
  | Database

/** The database behind a handle, which is recognized by its members, and a function that ends its use. */
export function databaseOf(handle: unknown): { readonly db: Database; close(): void } {
  const members = new Members(handle)
  if (isThenable(handle) || !members.are('prepare', 'exec')) throw notADriver(handle, members)
  if (!members.isOpen) {
    throw new VecError('VEC_CLOSED', 'attach(): the database handle is closed', {
      hint: 'open it again, then call attach()',
    })
  }
  const driver = driverOf(handle, members)
  if (!driver) return { db: handle as Database, close: () => undefined }
  const db = new DriverDatabase(driver)
  return { db, close: () => db.close() }
}

/** Undefined if the handle itself implements the port. */
function driverOf(handle: unknown, members: Members): DriverHandle | undefined {
  if (members.are('transactionState', 'fileKey')) return undefined
  if (members.get('isOpen') === true) {
    if (typeof members.get('isTransaction') !== 'boolean') throw tooOld()
    return nodeSqlite(handle as NodeSqliteHandle)
  }
  const statement: unknown = (handle as { prepare(sql: string): unknown }).prepare('SELECT 1')
  const of = new Members(statement)
  if (typeof statement !== 'object' || statement === null || isThenable(statement)) {
    throw asynchronous()
  }
  // Before Node 22.15, node:sqlite does not even tell whether the handle is open.
  if (of.are('setReadBigInts')) throw tooOld()
  if (of.are('first', 'each', 'cursor', 'run', 'finalize')) {
    ;(statement as { finalize(): void }).finalize()
    return undefined
  }
  if (typeof members.get('inTransaction') !== 'boolean') throw notADriver(handle, members)
  if (of.are('values', 'safeIntegers') && !of.are('raw', 'pluck')) {
    return bunSqlite(handle as BunSqliteHandle)
  }
  if (!of.are('raw', 'safeIntegers', 'get')) throw asynchronous()
  if (isThenable((statement as { get(): unknown }).get())) throw asynchronous()
  return members.are('sync', 'interrupt')
    ? libsql(handle as LibsqlHandle)
    : betterSqlite3(handle as BetterSqlite3Handle)
}

/** The members by which an object is recognized. A closed handle may throw when they are read. */
class Members {
  readonly #of: Record<string, unknown>

  constructor(value: unknown) {
    this.#of = (value ?? {}) as Record<string, unknown>
  }

  get(name: string): unknown {
    try {
      return this.#of[name]
    } catch {
      return undefined
    }
  }

  are(...names: string[]): boolean {
    return names.every(name => typeof this.get(name) === 'function')
  }

  get isOpen(): boolean {
    if (this.get('open') === false || this.get('isOpen') === false) return false
    try {
      void this.#of['inTransaction']
      return true
    } catch {
      return false
    }
  }
}

const SYNCHRONOUS = 'better-sqlite3, node:sqlite, bun:sqlite or libsql'

function asynchronous(): TypeError {
  return new TypeError(
    `attach(): db is a handle of an asynchronous driver, and a search is many small reads: open the file with a synchronous one (${SYNCHRONOUS})`,
  )
}

function tooOld(): TypeError {
  return new TypeError(
    'attach(): this node:sqlite does not tell whether a transaction is open: use Node 22.16 or later, or better-sqlite3',
  )
}

function wrapped(what: string, remedy: string): TypeError {
  return new TypeError(`attach(): db is ${what}, not a database handle: ${remedy}`)
}

function notADriver(handle: unknown, members: Members): TypeError {
  if (members.get('$client') !== undefined) {
    return wrapped('an object of Drizzle', 'pass db.$client, the handle that it was made with')
  }
  if (members.are('$queryRawUnsafe') || members.are('$connect')) {
    return wrapped(
      'an object of Prisma',
      `it keeps its handle to itself: open the file a second time with ${SYNCHRONOUS}`,
    )
  }
  if (members.are('selectFrom', 'getExecutor')) {
    return wrapped('an object of Kysely', 'pass the handle that its dialect was made with')
  }
  if (['batch', 'execute', 'dump'].some(name => members.are(name))) return asynchronous()
  const expected = `a database of ${SYNCHRONOUS}, or a Connection of this package`
  return argumentError('attach()', 'db', handle, expected)
}
