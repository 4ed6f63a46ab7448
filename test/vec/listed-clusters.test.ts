import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { encodeEmbedding, insertMany, open, type Connection } from '../../src/entries/main.ts'
import { indexCache } from '../../src/entries/vec.ts'
import { bruteForce, searched, type Question } from '../freshness/oracle.ts'
import { seededTest } from '../seed.ts'
import { Random } from './random.ts'

const test = seededTest('VEC_SEED')

/** Just so many numbers that clusters answer. */
const ROWS = 17_000
const DIM = 128
const CENTRES = 100
const QUERIES = 40
/** The memory for indexes, beside what this one takes: a copy of its rows does not fit, lists of them do. */
const SPACE = 2 << 20

const folder = mkdtempSync(join(tmpdir(), 'svec-listed-'))
const { limit } = indexCache
after(() => {
  indexCache.limit = limit
  rmSync(folder, { recursive: true })
})

class Rows {
  readonly #random = new Random(31)
  readonly #centres = Array.from({ length: CENTRES }, () => this.#vector())

  next(): Float32Array {
    const centre = this.#centres[Math.floor(CENTRES * this.#random.next())]
    return this.#vector().map((v, i) => 0.7 * v + centre[i])
  }

  #vector(): Float32Array {
    return Float32Array.from({ length: DIM }, () => this.#random.next() - 0.5)
  }
}

function question(query: Float32Array): Question {
  return { table: 'docs', dataset: 'a', metric: 'cosine', query, limit: 10 }
}

function admin(db: Connection, operation: string): string {
  const sql = 'SELECT op FROM vec_admin WHERE op MATCH ?'
  return db.prepare(sql).pluck().all(`${operation}:docs:a`).join('\n')
}

/** Exact answers are those of brute force; the mean share of these that searches with recall = 0.95 find. */
function compared(db: Connection, rows: Rows): number {
  let found = 0
  for (let i = 0; i < QUERIES; i++) {
    const asked = question(rows.next())
    const expected = bruteForce(db, asked).found
    assert.deepEqual(searched(db, { ...asked, recall: 1 }), expected)
    const near = new Set(searched(db, { ...asked, recall: 0.95 }).map(({ id }) => id))
    assert.equal(near.size, 10)
    found += expected.filter(({ id }) => near.has(id)).length
  }
  return found / (10 * QUERIES)
}

// A scan of so few rows is as fast as visiting 8 of 135 lists, so promises are kept by a scan here. test/indexes/full-memory.test.ts
// searches lists. This is about their memory, their saved form, and that they follow changes.
test('clusters list the rows where there is no memory for a copy of them', async () => {
  const rows = new Rows()
  const path = join(folder, 'listed.sqlite')
  const db = await open(path)
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, index=brute, recall=0.95)')
  const drawn = Array.from({ length: ROWS }, (_, i) => ['a', `d${i}`, encodeEmbedding(rows.next())])
  insertMany(db, '_vec_docs', ['dataset_id', 'id', 'embedding'], drawn)
  searched(db, question(rows.next()))
  const { bytes } = indexCache
  indexCache.limit = bytes + SPACE

  assert.equal(admin(db, 'optimize'), 'optimized')
  assert.ok(indexCache.bytes > bytes, 'there are no clusters')
  assert.ok(indexCache.bytes <= indexCache.limit, 'they take too much')
  assert.match(admin(db, 'stats'), /clusters: \d+ of 17000 rows/)
  const first = compared(db, rows)
  assert.ok(first >= 0.91, `0.95 is promised, ${first} found`)
  assert.match(admin(db, 'stats'), /0\.95 of the nearest 10 is promised/)

  // They follow changes.
  const insert = db.prepare("INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', ?, ?)")
  for (let i = 0; i < 100; i++) {
    const row = rows.next()
    insert.run(`new${i}`, encodeEmbedding(row))
    db.exec(`DELETE FROM docs WHERE dataset_id = 'a' AND doc_id = 'd${i * 7}'`)
    const [best] = db
      .prepare(
        "SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? AND recall = 0.95 ORDER BY match_score DESC LIMIT 1",
      )
      .pluck()
      .all(encodeEmbedding(row))
    assert.equal(best, `new${i}`)
  }
  const changed = compared(db, rows)
  assert.ok(changed >= 0.91, `0.95 is promised, ${changed} found after changes`)
  admin(db, 'optimize')
  db.close()

  // The saved form is that of clusters with a copy.
  const later = await open(path)
  assert.equal(admin(later, 'optimize'), 'optimized')
  assert.ok(indexCache.bytes <= indexCache.limit, 'they take too much in a later process')
  const again = compared(later, rows)
  assert.ok(again >= 0.91, `0.95 is promised, ${again} found by a later process`)
  indexCache.limit = limit
  later.close()
})
