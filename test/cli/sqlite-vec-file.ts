import { createRequire } from 'node:module'

export interface NativeStatement {
  run(...values: unknown[]): unknown
  all(...values: unknown[]): unknown[]
}

export interface NativeDatabase {
  exec(sql: string): void
  prepare(sql: string): NativeStatement
  close(): void
}

/** Opens files with SQLite and sqlite-vec as they are; undefined where they are not installed or do not run. */
export function openNative(): ((path: string) => NativeDatabase) | undefined {
  const require = createRequire(import.meta.url)
  try {
    const Database = require('better-sqlite3') as new (path: string) => NativeDatabase
    const { load } = require('sqlite-vec') as { load: (db: NativeDatabase) => void }
    const open = (path: string): NativeDatabase => {
      const db = new Database(path)
      load(db)
      return db
    }
    open(':memory:').close()
    return open
  } catch {
    return undefined
  }
}
