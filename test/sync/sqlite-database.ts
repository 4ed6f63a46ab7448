import { createRequire } from 'node:module'
import type { SqliteConnection } from '../../src/sync/connection.ts'

/** A connection of better-sqlite3, as far as the tests use it. */
export interface TestConnection extends SqliteConnection {
  close(): void
  pragma(source: string): unknown
  readonly inTransaction: boolean
}

const BetterSqlite3 = createRequire(import.meta.url)('better-sqlite3') as new (
  path: string,
  options?: { readonly?: boolean; timeout?: number },
) => TestConnection

export function openSqlite(
  path = ':memory:',
  options: { readonly?: boolean } = {},
): TestConnection {
  const connection = new BetterSqlite3(path, { timeout: 5000, ...options })
  if (path !== ':memory:' && options.readonly !== true) {
    connection.pragma('journal_mode = WAL')
    connection.pragma('synchronous = NORMAL')
  }
  return connection
}
