import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { insertMany, open, type Connection } from '../../src/entries/main.ts'
import { openNative, type NativeDatabase } from '../engine/vfs-native.ts'
import { wrong } from '../freshness/oracle.ts'

const folder = mkdtempSync(join(tmpdir(), 'admin-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

export function newPath(): string {
  return join(folder, `${files++}.db`)
}

export interface Row {
  readonly op: string
  readonly severity: string
  readonly topic: string
  readonly dataset_id: string | null
  readonly remedy: string | null
}

export function admin(db: Connection, op: string, table = 'vec_admin'): Row[] {
  return db
    .prepare(
      `SELECT op, severity, topic, dataset_id, remedy FROM "${table}" WHERE op MATCH ? ORDER BY rowid`,
    )
    .all(op) as Row[]
}

/** The rows of an answer that something is to be done about. */
export function complaints(rows: readonly Row[]): Row[] {
  return rows.filter(({ severity }) => severity === 'warning' || severity === 'error')
}

export function topics(rows: readonly Row[]): string[] {
  return rows.map(({ severity, topic }) => `${severity} ${topic}`)
}

export function vector(seed: number, dim: number): Float32Array {
  return Float32Array.from({ length: dim }, (_, i) => Math.sin((seed + 1) * (i + 1.7)))
}

interface Size {
  readonly rows: number
  readonly dim: number
}

/** A size that is saved in the file, and one that is not. */
export const LARGE: Size = { rows: 3000, dim: 100 }
export const SMALL: Size = { rows: 30, dim: 4 }

/** A file with datasets a and 'b:c' in the vec table docs; the index of a is in memory, and saved if it is large. */
export async function filled(path: string, { rows, dim }: Size = SMALL): Promise<Connection> {
  const db = await open(path)
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  fill(db, 'docs', 'a', rows, dim)
  fill(db, 'docs', 'b:c', 10, 3)
  assert.deepEqual(
    admin(db, 'docs:a').map(({ op }) => op),
    [`reindexed:${rows}`],
  )
  return db
}

export function fill(
  db: Connection,
  table: string,
  dataset: string,
  rows: number,
  dim: number,
): void {
  insertMany(
    db,
    `_vec_${table}`,
    ['dataset_id', 'id', 'embedding'],
    Array.from({ length: rows }, (_, i) => [dataset, `doc ${i}`, vector(i, dim)]),
  )
}

/** Another program at work on the file: it has none of our code. */
export function elsewhere(path: string, work: string | ((other: NativeDatabase) => void)): void {
  const other = openNative(path)
  try {
    if (typeof work === 'string') other.exec(work)
    else work(other)
  } finally {
    other.close()
  }
}

/** Changes that no trigger sees, as by a program that switched them off and on again. */
export function unseen(path: string, sql: string): void {
  elsewhere(path, other => {
    const which =
      "FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = '_vec_docs' ORDER BY name"
    const names = other.all(`SELECT name ${which}`)
    const texts = other.all(`SELECT sql ${which}`)
    for (const name of names) other.exec(`DROP TRIGGER "${name}"`)
    other.exec(sql)
    for (const text of texts) other.exec(text)
  })
}

/** Every answer is that of brute force. */
export function assertExact(db: Connection, dataset: string, dim: number, table = 'docs'): void {
  for (const seed of [0, 7, 1000]) {
    const query = vector(seed, dim)
    const problem = wrong(db, { table, dataset, query, metric: 'cosine' }, [1, 10, undefined])
    assert.equal(problem, undefined)
  }
}

/** After `repair:` nothing that can be mended is left, and every answer is right. */
export function assertMends(db: Connection, op: string, dim: number): Row[] {
  const done = admin(db, op)
  assert.deepEqual(complaints(done), [])
  assert.deepEqual(complaints(admin(db, op.replace('repair:', 'check:'))), [])
  assert.deepEqual(
    admin(db, op).map(row => row.op),
    ['nothing to repair'],
  )
  assertExact(db, 'a', dim)
  return done
}
