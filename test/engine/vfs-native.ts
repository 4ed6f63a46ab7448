import { createRequire } from 'node:module'

/** The same SQLite as native code. */
export interface NativeDatabase {
  exec(sql: string): void
  /** Rows, columns joined by `|` as the sqlite3 shell does. */
  all(sql: string): string[]
  close(): void
}

interface BetterSqlite {
  exec(sql: string): void
  prepare(sql: string): { raw(): { all(): unknown[][] } }
  close(): void
}

interface NodeSqlite {
  exec(sql: string): void
  prepare(sql: string): { all(): object[] }
  close(): void
}

const require = createRequire(import.meta.url)

/** better-sqlite3, or node:sqlite where better-sqlite3 was built for another Node. `timeout` in ms; default 5000. */
export function openNative(path: string, options: { timeout?: number } = {}): NativeDatabase {
  const timeout = options.timeout ?? 5000
  try {
    const Better = require('better-sqlite3') as new (path: string, options: object) => BetterSqlite
    const db = new Better(path, { timeout })
    return {
      exec: sql => db.exec(sql),
      all: sql =>
        db
          .prepare(sql)
          .raw()
          .all()
          .map(row => row.join('|')),
      close: () => db.close(),
    }
  } catch (error) {
    if (!/NODE_MODULE_VERSION|self-register/.test(String(error))) throw error
    const { DatabaseSync } = require('node:sqlite') as {
      DatabaseSync: new (path: string, options: object) => NodeSqlite
    }
    const db = new DatabaseSync(path, { timeout })
    return {
      exec: sql => db.exec(sql),
      all: sql =>
        db
          .prepare(sql)
          .all()
          .map(row => Object.values(row).join('|')),
      close: () => db.close(),
    }
  }
}
