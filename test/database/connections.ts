import type { Database } from '../../src/database/database.ts'
import { DriverDatabase, type DriverHandle } from '../../src/database/driver-database.ts'
import {
  betterSqlite3,
  type BetterSqlite3Handle,
} from '../../src/database/drivers/better-sqlite3/better-sqlite3.ts'
import {
  bunSqlite,
  type BunSqliteHandle,
} from '../../src/database/drivers/bun-sqlite/bun-sqlite.ts'
import { libsql, type LibsqlHandle } from '../../src/database/drivers/libsql/libsql.ts'
import {
  nodeSqlite,
  type NodeSqliteHandle,
} from '../../src/database/drivers/node-sqlite/node-sqlite.ts'
import { loadEngine, openConnection } from '../../src/entries/engine.ts'
import { loadDriver } from '../load-driver.ts'

/** A way to open databases through the port. */
export interface Driver {
  readonly name: string
  /** Why it cannot run here. */
  readonly skip: string | false
  /** It ends the process where text is not UTF-8. */
  readonly readsOnlyUtf8?: boolean
  /** Locks are waited for `timeout` ms. */
  connect(path: string, timeout?: number): Closable
}

export interface Closable extends Database {
  close(): unknown
}

await loadEngine()

const ours: Driver = {
  name: 'our engine',
  skip: false,
  connect: (path, timeout = 0) => openConnection(path, { busyTimeout: timeout }),
}

class OwnedHandle extends DriverDatabase {
  readonly #handle: { close(): unknown }

  constructor(handle: { close(): unknown }, driver: DriverHandle) {
    super(driver)
    this.#handle = handle
  }

  override close(): void {
    if (!this.open) return
    super.close()
    this.#handle.close()
  }
}

const BetterSqlite3 = loadDriver<BetterSqlite3Handle>('better-sqlite3')
const Libsql = loadDriver<LibsqlHandle>('libsql')
const NodeSqlite = loadDriver<NodeSqliteHandle>('node:sqlite', 'DatabaseSync')
const BunSqlite = loadDriver<BunSqliteHandle>('bun:sqlite', 'Database')

/** A runtime has at most one of its own. */
function ofRuntime(): Driver[] {
  const drivers: Driver[] = []
  if (NodeSqlite) {
    drivers.push({
      name: 'node:sqlite',
      skip: false,
      connect: (path, timeout = 0) => {
        const handle = new NodeSqlite(path, { timeout })
        return new OwnedHandle(handle, nodeSqlite(handle))
      },
    })
  }
  if (BunSqlite) {
    drivers.push({
      name: 'bun:sqlite',
      skip: false,
      connect: (path, timeout = 0) => {
        const handle = new BunSqlite(path)
        handle.exec(`PRAGMA busy_timeout = ${timeout}`)
        return new OwnedHandle(handle, bunSqlite(handle))
      },
    })
  }
  return drivers
}

export const DRIVERS: readonly Driver[] = [
  ours,
  {
    name: 'better-sqlite3',
    skip: BetterSqlite3 ? false : 'better-sqlite3 cannot be loaded',
    connect: (path, timeout = 0) => {
      const handle = new BetterSqlite3!(path, { timeout })
      return new OwnedHandle(handle, betterSqlite3(handle))
    },
  },
  {
    name: 'libsql',
    skip: Libsql ? false : 'libsql cannot be loaded',
    readsOnlyUtf8: true,
    connect: (path, timeout = 0) => {
      const handle = new Libsql!(path, { timeout })
      return new OwnedHandle(handle, libsql(handle))
    },
  },
  ...ofRuntime(),
]
