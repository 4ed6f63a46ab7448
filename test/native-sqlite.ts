import { createRequire } from 'node:module'

/** SQLite as native code, as far as tests use it. Integers are bigints, rows are arrays. */
export interface NativeDatabase {
  exec(sql: string): void
  prepare(sql: string): NativeStatement
  loadExtension(path: string): void
  close(): void
}

export interface NativeStatement {
  run(...values: unknown[]): unknown
  rows(...values: unknown[]): unknown[][]
}

export interface NativeOptions {
  /** Milliseconds to wait for a lock; 5000 by default. */
  readonly timeout?: number
}

type Open = (path: string, options: { readonly timeout: number }) => NativeDatabase

const require = createRequire(import.meta.url)

interface BetterSqlite3 {
  exec(sql: string): unknown
  prepare(sql: string): {
    readonly reader: boolean
    raw(): unknown
    safeIntegers(): unknown
    run(...values: unknown[]): unknown
    all(...values: unknown[]): unknown[][]
  }
  loadExtension(path: string): unknown
  close(): unknown
}

const betterSqlite3: Open = (path, options) => {
  const Database = require('better-sqlite3') as new (path: string, options: object) => BetterSqlite3
  const db = new Database(path, options)
  return {
    exec: sql => void db.exec(sql),
    prepare(sql) {
      const statement = db.prepare(sql)
      if (statement.reader) statement.raw()
      statement.safeIntegers()
      return {
        run: (...values) => statement.run(...values),
        rows: (...values) => statement.all(...values),
      }
    },
    loadExtension: file => void db.loadExtension(file),
    close: () => void db.close(),
  }
}

interface NodeSqlite {
  exec(sql: string): unknown
  prepare(sql: string): {
    setReturnArrays(enabled: boolean): unknown
    setReadBigInts(enabled: boolean): unknown
    run(...values: unknown[]): unknown
    all(...values: unknown[]): unknown[][]
  }
  loadExtension(path: string): unknown
  close(): unknown
}

/** Deno gives errors no code. */
const REFUSALS: Readonly<Record<string, string>> = {
  'database is locked': 'SQLITE_BUSY',
  'database table is locked': 'SQLITE_LOCKED',
}

/** Calls node:sqlite. Errors of locks have the code that better-sqlite3 and bun:sqlite give them. */
function named<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    const code = error instanceof Error ? REFUSALS[error.message] : undefined
    throw code === undefined ? error : Object.assign(error as Error, { code })
  }
}

const nodeSqlite: Open = (path, options) => {
  const { DatabaseSync } = require('node:sqlite') as {
    DatabaseSync: new (path: string, options: object) => NodeSqlite
  }
  const db = new DatabaseSync(path, { ...options, allowExtension: true })
  return {
    exec: sql => void named(() => db.exec(sql)),
    prepare(sql) {
      const statement = named(() => db.prepare(sql))
      statement.setReturnArrays(true)
      statement.setReadBigInts(true)
      return {
        run: (...values) => named(() => statement.run(...values)),
        rows: (...values) => named(() => statement.all(...values)),
      }
    },
    loadExtension: file => void db.loadExtension(file),
    close: () => void db.close(),
  }
}

interface BunSqlite {
  exec(sql: string): unknown
  prepare(sql: string): {
    safeIntegers(enabled: boolean): unknown
    run(...values: unknown[]): unknown
    values(...values: unknown[]): unknown[][]
    finalize(): unknown
  }
  loadExtension(path: string): unknown
  close(): unknown
}

const bunSqlite: Open = (path, { timeout }) => {
  const { Database } = require('bun:sqlite') as { Database: new (path: string) => BunSqlite }
  const db = new Database(path)
  const statements: { finalize(): unknown }[] = []
  // A statement that is not finalized keeps the file, and its locks, open.
  const prepared = (sql: string) => {
    const statement = db.prepare(sql)
    statements.push(statement)
    return statement
  }
  db.exec(`PRAGMA busy_timeout = ${timeout}`)
  return {
    exec: sql => void db.exec(sql),
    prepare(sql) {
      const statement = prepared(sql)
      statement.safeIntegers(true)
      return {
        run: (...values) => statement.run(...values),
        rows: (...values) => statement.values(...values),
      }
    },
    loadExtension: file => void db.loadExtension(file),
    close: () => {
      for (const statement of statements) statement.finalize()
      db.close()
    },
  }
}

/** What the runtime has: Bun and Deno a SQLite of their own; Node better-sqlite3, if it was built for this Node. */
function driver(): Open {
  if ('bun' in process.versions) return bunSqlite
  if ('deno' in process.versions) return nodeSqlite
  try {
    betterSqlite3(':memory:', { timeout: 0 }).close()
    return betterSqlite3
  } catch (error) {
    if (!/NODE_MODULE_VERSION|self-register/.test(String(error))) throw error
    return nodeSqlite
  }
}

let chosen: Open | undefined

/** Opens a database with the native SQLite that this runtime can load. Throws where it can load none. */
export function openNative(path: string, { timeout = 5000 }: NativeOptions = {}): NativeDatabase {
  return (chosen ??= driver())(path, { timeout })
}

/** The same with the extension sqlite-vec. */
export function openSqliteVec(path: string, options?: NativeOptions): NativeDatabase {
  const extension = require('sqlite-vec') as { getLoadablePath(): string }
  const db = openNative(path, options)
  db.loadExtension(extension.getLoadablePath())
  return db
}

/** The reason to skip a test that needs native SQLite with sqlite-vec; false where they can be loaded. */
export function noSqliteVec(): string | false {
  try {
    openSqliteVec(':memory:').close()
    return false
  } catch (error) {
    return `native SQLite with sqlite-vec cannot be loaded here: ${String(error)}`
  }
}
