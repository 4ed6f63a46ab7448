import { argumentError } from '../core/argument-error.ts'
import { isThenable } from '../core/describe-value.ts'
import { VecError } from '../core/errors.ts'
import type { Database } from '../database/database.ts'
import {
  BetterSqlite3,
  type BetterSqlite3Handle,
} from '../database/drivers/better-sqlite3/better-sqlite3.ts'

/** A handle that `attach` takes: a `Database` of better-sqlite3, or a `Connection` of this package. */
export type SqliteHandle = BetterSqlite3Handle | Database

/** The database behind a handle, recognised by its members, and what ends the use of it. */
export function databaseOf(handle: unknown): { readonly db: Database; close(): void } {
  const members = (handle ?? {}) as Record<string, unknown>
  const has = (...names: string[]): boolean =>
    names.every(name => typeof members[name] === 'function')
  if (isThenable(handle) || !has('prepare', 'exec')) throw notADriver(handle, members)
  if (members['open'] === false) {
    throw new VecError('VEC_CLOSED', 'attach(): the database handle is closed', {
      hint: 'open it again, then attach',
    })
  }
  if (has('transactionState', 'fileKey')) return { db: handle as Database, close: () => undefined }
  if (has('pragma', 'transaction') && typeof members['inTransaction'] === 'boolean') {
    if (!givesRows(handle as BetterSqlite3Handle)) throw notADriver(handle, members, true)
    const db = new BetterSqlite3(handle as BetterSqlite3Handle)
    return { db, close: () => db.close() }
  }
  throw notADriver(handle, members)
}

/** Whether statements are those of better-sqlite3, which gives rows at once; some asynchronous drivers look alike. */
function givesRows(handle: BetterSqlite3Handle): boolean {
  const statement: unknown = handle.prepare('SELECT 1')
  if (typeof statement !== 'object' || statement === null || isThenable(statement)) return false
  const { raw, safeIntegers, get } = statement as Record<string, unknown>
  if (![raw, safeIntegers, get].every(member => typeof member === 'function')) return false
  return !isThenable((get as () => unknown).call(statement))
}

function notADriver(
  handle: unknown,
  members: Record<string, unknown>,
  asynchronous: boolean = ['batch', 'execute', 'dump'].some(
    name => typeof members[name] === 'function',
  ),
): TypeError {
  if (asynchronous) {
    return new TypeError(
      'attach(): db is a handle of an asynchronous driver, and a search is many small reads: open the file with better-sqlite3',
    )
  }
  if (members['isOpen'] !== undefined || members['enableLoadExtension'] !== undefined) {
    return new TypeError(
      'attach(): db is a handle of node:sqlite, which is not supported yet: open the file with better-sqlite3',
    )
  }
  const expected = 'a Database of better-sqlite3 or a Connection of this package'
  return argumentError('attach()', 'db', handle, expected)
}
