import { createRequire } from 'node:module'
import type { Database } from '../../src/database/database.ts'
import {
  BetterSqlite3,
  type BetterSqlite3Handle,
} from '../../src/database/drivers/better-sqlite3/better-sqlite3.ts'
import { loadEngine, openConnection } from '../../src/entries/engine.ts'

/** A way to open databases through the port. */
export interface Driver {
  readonly name: string
  /** Why it cannot run here. */
  readonly skip: string | false
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

type Native = new (path: string, options: object) => BetterSqlite3Handle & { close(): unknown }

function loadNative(): Native | undefined {
  try {
    const native = createRequire(import.meta.url)('better-sqlite3') as Native
    new native(':memory:', {}).close()
    return native
  } catch {
    return undefined
  }
}

const NativeDatabase = loadNative()

class OwnedHandle extends BetterSqlite3 {
  readonly #handle: { close(): unknown }

  constructor(handle: BetterSqlite3Handle & { close(): unknown }) {
    super(handle)
    this.#handle = handle
  }

  override close(): void {
    super.close()
    this.#handle.close()
  }
}

const native: Driver = {
  name: 'better-sqlite3',
  skip: NativeDatabase ? false : 'better-sqlite3 cannot be loaded',
  connect: (path, timeout = 0) => new OwnedHandle(new NativeDatabase!(path, { timeout })),
}

export const DRIVERS: readonly Driver[] = [ours, native]
