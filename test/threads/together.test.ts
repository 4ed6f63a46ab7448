import assert from 'node:assert/strict'
import { before } from 'node:test'
import { threads } from '../../src/accelerators/threads/threads.ts'
import type { Metric } from '../../src/core/metric.ts'
import { attach, type VectorSearch } from '../../src/entries/attach.ts'
import { open } from '../../src/entries/main.ts'
import { Collection } from '../../src/entries/vecutil.ts'
import { searchTogether } from '../../src/index/search-batch.ts'
import type { Candidates, VectorIndex } from '../../src/index/vector-index.ts'
import { random } from '../indexes/random.ts'
import { seededTest } from '../seed.ts'
import { foundBy, sharedIndex, startThreads } from './pool.ts'

const test = seededTest('INDEX_SEED')

before(async () => startThreads(2))

function copyOf({ count, positions, upper, visited }: Candidates): unknown {
  return { positions: positions.slice(0, count), upper: upper.slice(0, count), visited }
}

function filled(metric: Metric, dim: number, rows: number, next: () => Float32Array): VectorIndex {
  const index = sharedIndex(metric, dim, rows)
  for (let i = 0; i < rows; i++) index.add(next())
  for (let i = 0; i < rows; i += 7) index.remove(i)
  return index
}

for (const metric of ['cosine', 'euclidean', 'dot', 'manhattan'] as const) {
  for (const dim of [40, 112]) {
    test(`searches begun together find what each finds alone, ${metric}, ${dim} dimensions`, () => {
      const r = random(1)
      const rows = 17_000 + r.below(3000)
      const index = filled(metric, dim, rows, () => r.vector(dim))
      const queries = Array.from({ length: 2 + r.below(40) }, () => r.vector(dim))
      const allowed = new Uint32Array(Math.ceil(rows / 32)).map(() => r.below(2 ** 32))
      const best = Float64Array.from(index.search({ query: queries[0], k: 50 }).upper.slice(0, 50))
      const conditions = [
        { k: 10 },
        { k: 1 + r.below(200), allowed },
        { k: 10, minSimilarity: best[40], maxSimilarity: best[20] },
      ]
      for (const help of ['always', 'never'] as const) {
        threads.help = help
        for (const asked of conditions) {
          const alone = queries.map(query => foundBy(index, { query, ...asked }))
          const batch = searchTogether(index, { queries, ...asked })!
          const found = Array.from({ length: batch.count }, (_, i) => copyOf(batch.candidates(i)))
          batch.end()
          assert.deepEqual(found, alone.slice(0, batch.count))
        }
      }
      threads.help = 'always'
      index.dispose()
    })
  }
}

test('a batch may be left, and other searches may run meanwhile', () => {
  const r = random(1)
  const dim = 100
  const index = filled('cosine', dim, 20_000, () => r.vector(dim))
  const other = filled('dot', dim, 12_000, () => r.vector(dim))
  const queries = Array.from({ length: 30 }, () => r.vector(dim))
  queries[5].fill(0)
  const alone = queries.map(query => foundBy(index, { query, k: 5 }))
  const beside = foundBy(other, { query: queries[0], k: 5 })
  for (let left = 0; left < queries.length; left += 3) {
    const given = left % 2 === 0 ? queries : queries.slice(6)
    const batch = searchTogether(index, { queries: given, k: 5 })!
    for (let i = 0; i < Math.min(left, batch.count); i++) {
      assert.deepEqual(copyOf(batch.candidates(i)), alone[queries.indexOf(given[i])])
      assert.deepEqual(foundBy(other, { query: queries[0], k: 5 }), beside)
      assert.deepEqual(foundBy(index, { query: queries[left], k: 5 }), alone[left])
    }
    batch.end()
    assert.deepEqual(foundBy(index, { query: queries[left], k: 5 }), alone[left])
  }
  assert.equal(searchTogether(index, { queries: queries.slice(0, 1), k: 5 }), undefined)
  assert.equal(searchTogether(index, { queries, k: 20_000 }), undefined)
  index.dispose()
  other.dispose()
})

test('searchMany() and queryManySync() answer as search() and querySync(), and share the threads', async () => {
  const r = random(1)
  const dim = 100
  const db = await open(':memory:')
  db.exec('CREATE TABLE notes(id TEXT PRIMARY KEY, year INTEGER, embedding BLOB)')
  const insert = db.prepare('INSERT INTO notes VALUES (?, ?, ?)')
  const rows = 18_000
  db.transaction(() => {
    for (let i = 0; i < rows; i++) insert.run(`n${i}`, i % 9, r.vector(dim))
  })()
  const notes = attach(db, { table: 'notes', id: 'id', embedding: 'embedding', metadata: ['year'] })
  const vectors = Array.from({ length: 10 }, () => r.vector(dim))
  const searches: Omit<VectorSearch, 'vector'>[] = [
    { k: 10, columns: ['year'] },
    { k: 3, filter: { year: { $lt: 2 } } },
    { k: 10, filter: { year: { $ne: 1 } } },
    { k: 10, minScore: 0.3 },
    { k: 5, ids: Array.from({ length: 600 }, (_, i) => `n${i * 7}`) },
    { k: 5, recall: 0.9 },
    { k: 0 },
  ]
  const compare = (): void => {
    for (const search of searches) {
      const alone = vectors.map(vector => notes.search({ ...search, vector }))
      assert.deepEqual(notes.searchMany(vectors, search), alone)
    }
  }
  compare()
  const tasks = threads.turns.task
  notes.searchMany(vectors, { k: 10 })
  assert.equal(threads.turns.task - tasks, 1, 'all searches are one task of the threads')
  // A transaction that has changed rows, and rows that vanish without an entry in the journal.
  db.exec('BEGIN; UPDATE notes SET year = 1 WHERE year = 8')
  compare()
  const [{ id }] = notes.search({ vector: vectors[3], k: 1 })
  notes.delete([id])
  compare()
  db.exec('COMMIT')
  compare()

  const docs = new Collection(db, { table: 'docs', dataset: 'd', declaration: 'doc_id' })
  docs.upsertSync(
    Array.from({ length: rows }, (_, i) => ({
      id: `d${i}`,
      vector: r.vector(dim),
      meta: { group: i % 40 },
    })),
  )
  for (const options of [
    {},
    { k: 4, filter: { group: 3 } },
    { groupBy: 'meta.group', include: [] },
    { mmr: { lambda: 0.4 } },
    { rerank: (hits: readonly unknown[]) => hits.map((_, i) => i) },
  ]) {
    const alone = vectors.map(vector => docs.querySync({ vector, ...options }).hits)
    assert.deepEqual(docs.queryManySync(vectors, options), alone)
    assert.deepEqual(await docs.queryMany(vectors, options), alone)
  }
  assert.deepEqual(docs.queryManySync([]), [])
  assert.throws(() => docs.queryManySync(['a text'] as never), /queries\[0\] is a text/)
  assert.throws(() => docs.queryManySync(vectors[0] as never), TypeError)
  assert.throws(() => notes.searchMany(vectors[0] as never, { k: 1 }), TypeError)
  db.close()
})
