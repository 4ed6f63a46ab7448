import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { encodeEmbedding, insertMany, open, type Connection } from '../../src/entries/main.ts'
import { indexCache } from '../../src/entries/vec.ts'
import { bruteForce, searched, type Question } from '../freshness/oracle.ts'
import { seededTest } from '../seed.ts'
import { Random } from './random.ts'

const test = seededTest('VEC_SEED')

/** Just so many numbers that exact searches try clusters. */
const ROWS = 8200
const DIM = 1024
const CENTRES = 60

const folder = mkdtempSync(join(tmpdir(), 'svec-skipped-'))
after(() => rmSync(folder, { recursive: true }))

/** Rows around centres: each changes a part of the numbers. */
class Rows {
  readonly #random = new Random(12)
  readonly #centres = Array.from({ length: CENTRES }, () =>
    Float32Array.from({ length: DIM }, () => this.#random.next() - 0.5),
  )

  next(centre = Math.floor(CENTRES * this.#random.next())): Float32Array {
    const r = this.#random
    const row = this.#centres[centre].slice()
    for (let i = 0; i < 60; i++) row[Math.floor(DIM * r.next())] += r.next() - 0.5
    return row
  }
}

function explained(db: Connection): string {
  const ops = db.prepare("SELECT op FROM vec_admin WHERE op MATCH 'explain:docs:a'").pluck().all()
  return ops.join('\n')
}

function question(query: Float32Array, limit = 10): Question {
  return { table: 'docs', dataset: 'a', metric: 'cosine', query, limit }
}

function compare(db: Connection, rows: Rows, centre?: number): void {
  const asked = question(rows.next(centre))
  assert.deepEqual(searched(db, asked), bruteForce(db, asked).found)
}

/** Searches until clusters answer. */
async function untilSkipping(db: Connection, query: Float32Array): Promise<void> {
  const end = performance.now() + 60_000
  while (!explained(db).includes('exact searches skip')) {
    assert.ok(performance.now() < end, explained(db))
    for (let i = 0; i < 40; i++) searched(db, question(query))
    for (let i = 0; i < 200; i++) await nextTurn()
  }
}

/** As many searches as clusters are tried after, where the limit leaves no space for them. */
async function withoutSpace(db: Connection, query: Float32Array): Promise<void> {
  const { limit } = indexCache
  searched(db, question(query))
  const { bytes } = indexCache
  indexCache.limit = bytes
  const end = performance.now() + 1000
  while (performance.now() < end) {
    for (let i = 0; i < 20; i++) searched(db, question(query))
    for (let i = 0; i < 100; i++) await nextTurn()
    assert.equal(indexCache.bytes, bytes)
  }
  indexCache.limit = limit
}

test('exact searches skip clusters, see each change at once, and do so in the next process', async () => {
  const rows = new Rows()
  const path = join(folder, 'skipped.sqlite')
  const db = await open(path)
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, n INTEGER, index=brute)')
  const drawn = Array.from({ length: ROWS }, (_, i) => [
    'a',
    `d${i}`,
    i % 10,
    encodeEmbedding(rows.next()),
  ])
  insertMany(db, '_vec_docs', ['dataset_id', 'id', 'n', 'embedding'], drawn)
  await withoutSpace(db, rows.next())
  await untilSkipping(db, rows.next())
  assert.match(explained(db), /exact searches skip [\d.]+ of \d+ on average/)
  assert.match(explained(db), /scored exactly, [1-9][\d.]* clusters skipped/)
  for (let i = 0; i < 4; i++) compare(db, rows)

  const insert = db.prepare("INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', ?, ?)")
  const write = (from: number): void => {
    for (let i = from; i < from + 20; i++) insert.run(`new${i}`, encodeEmbedding(rows.next(i % 3)))
    db.exec(`DELETE FROM docs WHERE dataset_id = 'a' AND doc_id IN ('d${from}', 'd${from + 1}')`)
  }
  db.exec('BEGIN')
  write(0)
  compare(db, rows, 1)
  db.exec('ROLLBACK')
  compare(db, rows, 1)
  write(40)
  compare(db, rows, 1)
  compare(db, rows)

  const query = rows.next()
  const { found } = bruteForce(db, { ...question(query), limit: undefined })
  const narrowed = (where: string): unknown[] =>
    db
      .prepare(
        `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? AND ${where} ORDER BY match_score DESC LIMIT 10`,
      )
      .pluck()
      .all(query)
  const near = found[30].score
  const threes = found.filter(({ id }) => id.startsWith('d') && Number(id.slice(1)) % 10 === 3)
  assert.deepEqual(
    narrowed('n = 3'),
    threes.slice(0, 10).map(({ id }) => id),
  )
  assert.deepEqual(
    narrowed(`match_score < ${near}`),
    found
      .filter(({ score }) => score < near)
      .slice(0, 10)
      .map(({ id }) => id),
  )
  db.prepare("SELECT op FROM vec_admin WHERE op MATCH 'optimize:docs:a'").all()
  db.close()

  const later = await open(path)
  await untilSkipping(later, rows.next())
  for (let i = 0; i < 4; i++) compare(later, rows)
  later.close()
})
