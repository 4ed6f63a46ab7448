import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeEmbedding, insertMany, open, type Connection } from '../../src/entries/main.ts'
import { seededTest } from '../seed.ts'
import { Random } from './random.ts'

const test = seededTest('VEC_SEED')

const SEARCH = `SELECT doc_id, distance, match_score FROM docs
  WHERE dataset_id = 'a' AND doc_id MATCH ? ORDER BY distance LIMIT 20`

interface Found {
  readonly doc_id: string
  readonly distance: number
  readonly match_score: number
}

function distanceOf(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.abs(Math.fround(a[i]) - Math.fround(b[i]))
  return sum
}

/** The 20 nearest by brute force; equal ones by id. */
function nearest(vectors: ReadonlyMap<string, readonly number[]>, query: number[]): Found[] {
  return Array.from(vectors, ([doc_id, vector]) => {
    const distance = distanceOf(query, vector)
    return { doc_id, distance, match_score: 1 - distance }
  })
    .toSorted((a, b) => a.distance - b.distance || (a.doc_id < b.doc_id ? -1 : 1))
    .slice(0, 20)
}

const indexOf = (db: Connection): string =>
  String(db.prepare("SELECT op FROM vec_admin WHERE op MATCH 'stats:_vec_docs:a'").pluck().get())

// As many rows as are worth saving: those of small indexes are read again.
for (const [index, dim, count, kind] of [
  ['brute', 70, 5000, 'exact'],
  ['brute', 130, 3000, 'exact'],
  ['cover', 3, 25_000, 'cover'],
  ['auto', 40, 8000, 'exact'],
  ['auto', 2, 40_000, 'cover'],
] as const) {
  test(`a saved index of metric=l1 answers as brute force does: ${index}, ${dim}`, async () => {
    const random = new Random(dim)
    const folder = mkdtempSync(join(tmpdir(), 'vec-l1-'))
    try {
      const path = join(folder, 'docs.sqlite')
      // Coarse numbers: many rows are equally far.
      const vector = (): number[] =>
        Array.from({ length: dim }, () => Math.round(random.next() * 64) / (dim === 2 ? 0.001 : 8))
      const vectors = new Map<string, number[]>()
      for (let i = 0; i < count; i++) vectors.set(`d${i}`, vector())
      const queries = Array.from({ length: 4 }, vector)
      const check = (db: Connection): void => {
        for (const query of queries) {
          assert.deepEqual(db.prepare(SEARCH).all(encodeEmbedding(query)), nearest(vectors, query))
        }
      }
      {
        using db = await open(path)
        db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=l1, index=${index})`)
        const rows = Array.from(vectors, ([id, numbers]) => ['a', id, encodeEmbedding(numbers)])
        insertMany(db, 'docs', ['dataset_id', 'doc_id', 'embedding'], rows)
        check(db)
        const [found] = db.prepare(SEARCH).all(encodeEmbedding(queries[0])) as unknown as Found[]
        const first = vectors.get(found.doc_id)!
        assert.equal(
          db
            .prepare('SELECT vec_l1(?, ?)')
            .pluck()
            .get(encodeEmbedding(queries[0]), encodeEmbedding(first)),
          found.distance,
        )
        assert.match(indexOf(db), new RegExp(`^index: ${kind}, manhattan`))
      }
      using db = await open(path)
      const saved = db.prepare("SELECT count(*) FROM vector_storage WHERE dataset_id = 'a'").pluck()
      assert.equal(saved.get(), 1)
      check(db)
      // The index is kept up from where it was saved.
      for (let i = 0; i < 50; i++) {
        vectors.set(
          `n${i}`,
          queries[i % 4].map((x, at) => (at === 0 ? x + i : x)),
        )
        vectors.delete(`d${i}`)
        db.prepare("DELETE FROM docs WHERE dataset_id = 'a' AND doc_id = ?").run(`d${i}`)
        db.prepare("INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', ?, ?)").run(
          `n${i}`,
          encodeEmbedding(vectors.get(`n${i}`)!),
        )
      }
      check(db)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

test('bounds of distance and score hold at the distance itself', async () => {
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=taxicab)')
  const rows = [0, 1, 2, 3].map(x => ['a', String(x), encodeEmbedding([x, 0.5 * x])])
  insertMany(db, 'docs', ['dataset_id', 'doc_id', 'embedding'], rows)
  const ids = (condition: string): unknown =>
    db
      .prepare(
        `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[0, 0]' AND ${condition}`,
      )
      .pluck()
      .all()
  assert.deepEqual(ids('distance <= 3'), ['0', '1', '2'])
  assert.deepEqual(ids('distance < 3'), ['0', '1'])
  assert.deepEqual(ids('match_score = -2'), ['2'])
  assert.deepEqual(ids('match_score >= -2 AND distance > 0'), ['1', '2'])
})
