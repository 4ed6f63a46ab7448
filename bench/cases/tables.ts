import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { insertMany, open, type Connection, type InsertRow } from '../../src/entries/main.ts'
import { cachePath } from '../data/cache.ts'
import { rowOf, type DataSet } from '../data/sets.ts'
import { time } from '../measure.ts'
import { openSqliteVec, type NativeDatabase } from '../peers/native.ts'
import { NEAREST } from './nearest.ts'

/** A file of its own for a case, made anew. */
export function freshFile(name: string): string {
  const path = cachePath(`bench/${name}`)
  mkdirSync(dirname(path), { recursive: true })
  for (const suffix of ['', '-journal', '-wal', '-shm', '-lock']) {
    rmSync(path + suffix, { force: true, recursive: true })
  }
  return path
}

export interface Loaded {
  readonly db: Connection
  readonly path: string
  /** Milliseconds that the insert took, commit included. */
  readonly loadTime: number
}

/** A vec table `v` with the set as dataset 'd': one transaction through insertMany(), triggers on. */
export async function loadOurs(set: DataSet, name: string): Promise<Loaded> {
  const path = freshFile(name)
  const db = await open(path)
  db.exec('CREATE VIRTUAL TABLE v USING vec(doc_id)')
  const columns = ['dataset_id', 'id', 'embedding']
  const loadTime = time(() => insertMany(db, '_vec_v', columns, rowsOf(set)))
  return { db, path, loadTime }
}

/** Runs the code of a load and a search once, on a part of the set. */
export async function warmUp(set: DataSet): Promise<void> {
  const rows = Math.min(50_000, set.ids.length)
  const part = { ...set, ids: set.ids.slice(0, rows) }
  const { db } = await loadOurs(part, 'warm-up.sqlite')
  for (let i = 0; i < 20; i++) db.prepare(NEAREST).all(set.queries.subarray(0, set.dim))
  db.close()
}

function* rowsOf(set: DataSet): Generator<InsertRow> {
  for (let i = 0; i < set.ids.length; i++) yield ['d', set.ids[i], rowOf(set, i)]
}

/** The same rows by a prepared INSERT each, in one transaction. */
export async function loadOneByOne(set: DataSet, name: string): Promise<number> {
  const db = await open(freshFile(name))
  db.exec('CREATE VIRTUAL TABLE v USING vec(doc_id)')
  const insert = db.prepare('INSERT INTO _vec_v(dataset_id, id, embedding) VALUES (?, ?, ?)')
  const load = db.transaction(() => {
    for (let i = 0; i < set.ids.length; i++) insert.run('d', set.ids[i], rowOf(set, i))
  })
  const loadTime = time(load)
  db.close()
  return loadTime
}

export interface LoadedPeer {
  readonly db: NativeDatabase
  readonly path: string
  readonly loadTime: number
}

/** A vec0 table `v` of sqlite-vec with the set; undefined where it is not installed. */
export function loadSqliteVec(set: DataSet, name: string): LoadedPeer | undefined {
  const path = freshFile(name)
  const db = openSqliteVec(path)
  if (!db) return undefined
  db.exec(`CREATE VIRTUAL TABLE v USING vec0(embedding float[${set.dim}] distance_metric=cosine)`)
  const insert = db.prepare('INSERT INTO v(rowid, embedding) VALUES (?, ?)')
  const load = db.transaction(() => {
    for (let i = 0; i < set.ids.length; i++) insert.run(BigInt(i + 1), rowOf(set, i))
  })
  const loadTime = time(load)
  return { db, path, loadTime }
}
