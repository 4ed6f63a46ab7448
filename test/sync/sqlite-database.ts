import { createRequire } from 'node:module'
import { loadEngine, openConnection } from '../../src/entries/engine.ts'
import type { SqliteConnection } from '../../src/entries/vecsync.ts'

/** A connection of better-sqlite3, as far as the tests use it. */
export interface TestConnection extends SqliteConnection {
  close(): void
  pragma(source: string): unknown
  readonly inTransaction: boolean
}

type BetterSqlite3 = new (
  path: string,
  options?: { readonly?: boolean; timeout?: number },
) => TestConnection

const BetterSqlite3 = betterSqlite3()

/** `SYNC_ENGINE=ours` runs every test over this package's own engine; so does a Node that better-sqlite3 was not built for. */
export const ours: boolean = process.env['SYNC_ENGINE'] === 'ours' || BetterSqlite3 === undefined
if (ours) await loadEngine()

export function openSqlite(
  path = ':memory:',
  options: { readonly?: boolean } = {},
): TestConnection {
  if (ours) return openConnection(path, { busyTimeout: 5000, ...options })
  const connection = new BetterSqlite3!(path, { timeout: 5000, ...options })
  if (path !== ':memory:' && options.readonly !== true) {
    connection.pragma('journal_mode = WAL')
    connection.pragma('synchronous = NORMAL')
  }
  return connection
}

function betterSqlite3(): BetterSqlite3 | undefined {
  try {
    const Database = createRequire(import.meta.url)('better-sqlite3') as BetterSqlite3
    new Database(':memory:').close()
    return Database
  } catch {
    return undefined
  }
}
