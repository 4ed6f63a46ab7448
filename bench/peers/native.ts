import { createRequire } from 'node:module'

/** The part of better-sqlite3 that the bench uses. */
export interface NativeDatabase {
  exec(sql: string): unknown
  pragma(source: string): unknown
  prepare(sql: string): NativeStatement
  transaction<A extends unknown[]>(fn: (...args: A) => void): (...args: A) => void
  close(): unknown
}

export interface NativeStatement {
  run(...parameters: unknown[]): unknown
  all(...parameters: unknown[]): unknown[]
  get(...parameters: unknown[]): unknown
  iterate(...parameters: unknown[]): IterableIterator<unknown>
  raw(): NativeStatement
  pluck(): NativeStatement
}

const require = createRequire(import.meta.url)

/** better-sqlite3 alone; undefined where it is not installed. */
export function openNative(path: string): NativeDatabase | undefined {
  try {
    const Database = require('better-sqlite3') as new (path: string) => NativeDatabase
    return new Database(path)
  } catch {
    return undefined
  }
}

/** better-sqlite3 with sqlite-vec loaded; undefined where one of them is not installed. */
export function openSqliteVec(path: string): NativeDatabase | undefined {
  try {
    const Database = require('better-sqlite3') as new (path: string) => NativeDatabase
    const sqliteVec = require('sqlite-vec') as { load(db: NativeDatabase): void }
    const db = new Database(path)
    sqliteVec.load(db)
    return db
  } catch {
    return undefined
  }
}

export interface HnswIndex {
  initIndex(options: {
    maxElements: number
    m: number
    efConstruction: number
    randomSeed: number
  }): void
  addPoint(point: number[], label: number): void
  searchKnn(query: number[], k: number): { neighbors: number[] }
  setEf(ef: number): void
  resizeIndex(maxElements: number): void
  readIndexSync(path: string): void
  writeIndexSync(path: string): void
}

/** hnswlib-node, cosine; undefined where it is not installed. */
export function createHnsw(dim: number): HnswIndex | undefined {
  try {
    const { HierarchicalNSW } = require('hnswlib-node') as {
      HierarchicalNSW: new (space: string, dim: number) => HnswIndex
    }
    return new HierarchicalNSW('cosine', dim)
  } catch {
    return undefined
  }
}
