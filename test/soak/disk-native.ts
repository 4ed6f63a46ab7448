import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

interface Reader {
  rows(sql: string): unknown[][]
  close(): void
}

interface BetterSqlite {
  prepare(sql: string): { raw(): { all(): unknown[][] } }
  close(): void
}

interface NodeSqlite {
  prepare(sql: string): { all(): object[] }
  close(): void
}

function openReader(path: string): Reader {
  try {
    const Better = require('better-sqlite3') as new (path: string) => BetterSqlite
    const db = new Better(path)
    return { rows: sql => db.prepare(sql).raw().all(), close: () => db.close() }
  } catch (error) {
    if (!/NODE_MODULE_VERSION|self-register/.test(String(error))) throw error
    const { DatabaseSync } = require('node:sqlite') as {
      DatabaseSync: new (path: string) => NodeSqlite
    }
    const db = new DatabaseSync(path)
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
export class NativeReader {
  readonly #db: Reader

  constructor(path: string) {
    this.#db = openReader(path)
  }

  rows(sql: string): unknown[][] {
    return this.#db.rows(sql)
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }
}
