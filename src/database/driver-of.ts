import { argumentError } from '../core/argument-error.ts'
import { isThenable } from '../core/describe-value.ts'
import { VecError } from '../core/errors.ts'
import type { Database } from './database.ts'
import { DriverDatabase, type DriverHandle } from './driver-database.ts'
import { betterSqlite3, type BetterSqlite3Handle } from './drivers/better-sqlite3/better-sqlite3.ts'
import { bunSqlite, type BunSqliteHandle } from './drivers/bun-sqlite/bun-sqlite.ts'
import {
  DurableObjectDatabase,
  type DurableObjectHandle,
} from './drivers/durable-object/durable-object.ts'
import { libsql, type LibsqlHandle } from './drivers/libsql/libsql.ts'
import { nodeSqlite, type NodeSqliteHandle } from './drivers/node-sqlite/node-sqlite.ts'

export type { DurableObjectHandle }

/**
 * An open database: of better-sqlite3, node:sqlite (from Node 22.16, or in Deno), bun:sqlite or libsql, a `Connection`
 * of this package, or any object that implements the port, `Database`.
 */
export type SqliteHandle =
  | BetterSqlite3Handle
  | NodeSqliteHandle
  | BunSqliteHandle
  | LibsqlHandle
  | Database

/** The database behind a handle. */
export interface HandleUse {
  readonly db: Database
  /** Ends this use. The end of the last use saves indexes; the handle stays open. */
  close(): void
}

/** The uses of one handle share a database, and with it what they know of the open transaction. */
const shared = new WeakMap<object, { readonly db: DriverDatabase; uses: number }>()

/** The database behind a handle, which is recognized by its members. `where` begins the messages of errors. */
export function databaseOf(where: string, handle: unknown): HandleUse {
  const members = new Members(handle)
  if (members.are('transactionSync')) {
    const storage = durableObject(where, handle, members)
    return useOf(
      storage,
      shared.get(storage) ?? { db: new DurableObjectDatabase(storage), uses: 0 },
    )
  }
  if (isThenable(handle) || !members.are('prepare', 'exec'))
    throw notADriver(where, handle, members)
  if (!members.isOpen) {
    throw new VecError('VEC_CLOSED', `${where}: the database handle is closed`, {
      hint: `open it again, then call ${where}`,
    })
  }
  const known = shared.get(handle as object)
  if (known) return useOf(handle as object, known)
  const driver = driverOf(where, handle, members)
  if (!driver) return { db: handle as Database, close: () => undefined }
  return useOf(handle as object, { db: new DriverDatabase(driver), uses: 0 })
}

function useOf(handle: object, use: { readonly db: DriverDatabase; uses: number }): HandleUse {
  use.uses++
  shared.set(handle, use)
  let ended = false
  const close = (): void => {
    if (ended) return
    ended = true
    if (--use.uses > 0) return
    shared.delete(handle)
    if (use.db.open) use.db.close()
  }
  return { db: use.db, close }
}

function durableObject(where: string, handle: unknown, members: Members): DurableObjectHandle {
  // Without SQLite, reading `sql` throws.
  if (new Members(members.get('sql')).are('exec')) return handle as DurableObjectHandle
  throw new TypeError(
    `${where}: this Durable Object does not have SQLite: list its class under new_sqlite_classes in the configuration`,
  )
}

/** Undefined if the handle itself implements the port. */
function driverOf(where: string, handle: unknown, members: Members): DriverHandle | undefined {
  if (members.are('transactionState', 'fileKey')) return undefined
  if (members.get('isOpen') === true) {
    if (typeof members.get('isTransaction') !== 'boolean') throw tooOld(where)
    return nodeSqlite(handle as NodeSqliteHandle)
  }
  const statement: unknown = (handle as { prepare(sql: string): unknown }).prepare('SELECT 1')
  const of = new Members(statement)
  if (typeof statement !== 'object' || statement === null || isThenable(statement)) {
    throw asynchronous(where)
  }
  // Before Node 22.15, node:sqlite does not even tell whether the handle is open.
  if (of.are('setReadBigInts')) throw tooOld(where)
  if (of.are('first', 'each', 'cursor', 'run', 'finalize')) {
    ;(statement as { finalize(): void }).finalize()
    return undefined
  }
  if (typeof members.get('inTransaction') !== 'boolean') throw notADriver(where, handle, members)
  if (of.are('values', 'safeIntegers') && !of.are('raw', 'pluck')) {
    return bunSqlite(handle as BunSqliteHandle)
  }
  if (!of.are('raw', 'safeIntegers', 'get')) throw asynchronous(where)
  if (isThenable((statement as { get(): unknown }).get())) throw asynchronous(where)
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

function asynchronous(where: string): TypeError {
  return new TypeError(
    `${where}: db is a handle of an asynchronous driver, and a search is many small reads: open the file with a synchronous one (${SYNCHRONOUS})`,
  )
}

function tooOld(where: string): TypeError {
  return new TypeError(
    `${where}: this node:sqlite does not tell whether a transaction is open: use Node 22.16 or later, or better-sqlite3`,
  )
}

function wrapped(where: string, what: string, remedy: string): TypeError {
  return new TypeError(`${where}: db is ${what}, not a database handle: ${remedy}`)
}

function notADriver(where: string, handle: unknown, members: Members): TypeError {
  if (members.get('$client') !== undefined) {
    return wrapped(
      where,
      'an object of Drizzle',
      'pass db.$client, the handle that it was made with',
    )
  }
  if (members.are('$queryRawUnsafe') || members.are('$connect')) {
    return wrapped(
      where,
      'an object of Prisma',
      `it keeps its handle to itself: open the file a second time with ${SYNCHRONOUS}`,
    )
  }
  if (members.get('databaseSize') !== undefined && members.are('exec')) {
    return wrapped(where, 'the sql of a Durable Object', 'pass ctx.storage, which has transactions')
  }
  if (members.are('selectFrom', 'getExecutor')) {
    return wrapped(where, 'an object of Kysely', 'pass the handle that its dialect was made with')
  }
  if (['batch', 'execute', 'dump'].some(name => members.are(name))) return asynchronous(where)
  const expected = `a database of ${SYNCHRONOUS}, or a Connection of this package`
  return argumentError(where, 'db', handle, expected)
}
