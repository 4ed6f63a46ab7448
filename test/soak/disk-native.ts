import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

interface Reader {
  rows(sql: string): unknown[][]
  close(): void
}

interface BetterSqlite {
  exec(sql: string): unknown
  prepare(sql: string): { raw(): { all(): unknown[][] } }
  close(): void
}

interface NodeSqlite {
  exec(sql: string): unknown
  prepare(sql: string): { all(): object[] }
  close(): void
}

/** The disk under a test does not fail. */
const WITHOUT_WAITING = 'PRAGMA synchronous = OFF'

function openReader(path: string, timeout: number): Reader {
  try {
    const Better = require('better-sqlite3') as new (
      path: string,
      options: { timeout: number },
    ) => BetterSqlite
    const db = new Better(path, { timeout })
    db.exec(WITHOUT_WAITING)
    return { rows: sql => db.prepare(sql).raw().all(), close: () => db.close() }
  } catch (error) {
    if (!/NODE_MODULE_VERSION|self-register/.test(String(error))) throw error
    const { DatabaseSync } = require('node:sqlite') as {
      DatabaseSync: new (path: string, options: { timeout: number }) => NodeSqlite
    }
    const db = new DatabaseSync(path, { timeout })
    db.exec(WITHOUT_WAITING)
    return {
      rows: sql =>
        db
          .prepare(sql)
          .all()
          .map(row => Object.values(row)),
      close: () => db.close(),
    }
  }
}

/** Native SQLite on a file: better-sqlite3, or node:sqlite where that was built for another Node. Blobs come as bytes. */
export class NativeConnection {
  readonly #db: Reader

  /** `timeout`: milliseconds to wait for a lock. */
  constructor(path: string, timeout = 5000) {
    this.#db = openReader(path, timeout)
  }

  rows(sql: string): unknown[][] {
    return this.#db.rows(sql)
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }
}
