import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createAutoIndex,
  createCoverIndex,
  createExactIndex,
  exactSimilarity,
  similarityToDistance,
  similarityToScore,
} from '../../src/entries/indexes.ts'
import { encodeEmbedding, open } from '../../src/entries/main.ts'
import { cosine, Store } from '../../src/entries/vector.ts'
import { seeded } from '../freshness/seeded.ts'
import { seededTest } from '../seed.ts'

const randomTest = seededTest('VECTOR_SEED')

/** Vectors whose cosine in double arithmetic comes out above 1 or below -1, equal, scaled and opposite ones of each. */
function pairs(next: () => number, vectors = 200): [Float32Array, Float32Array][] {
  const found: [Float32Array, Float32Array][] = []
  for (let n = 0; n < vectors; n++) {
    const dim = 1 + Math.floor(next() * 12)
    const vector = Float32Array.from({ length: dim }, () => next() * 2 - 1)
    const scale = 2 ** Math.floor(next() * 40 - 20)
    for (const factor of [1, -1, scale, -scale, 3, -0.1]) {
      found.push([vector, vector.map(x => x * factor)])
    }
    found.push([vector, new Float32Array(dim)], [new Float32Array(dim), new Float32Array(dim)])
  }
  return found
}

/** Of a double computed without care: so that the vectors above are known to be hard. */
function rounded(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i]
    aa += a[i] * a[i]
    bb += b[i] * b[i]
  }
  return dot / (Math.sqrt(aa) * Math.sqrt(bb))
}

function inRange(value: number | null, least: number, most: number, what: string): void {
  if (value === null || Number.isNaN(value)) return
  assert.ok(
    typeof value === 'number' && value >= least && value <= most,
    `${what} is ${JSON.stringify(value)}`,
  )
}

randomTest('no cosine, score or distance lies outside its range', (_t, seed) => {
  const all = pairs(seeded(seed))
  assert.ok(all.some(([a, b]) => rounded(a, b) > 1) && all.some(([a, b]) => rounded(a, b) < -1))
  for (const [a, b] of all) {
    const what = `${a.join()} and ${b.join()}`
    inRange(cosine(a, b), -1, 1, `cosine of ${what}`)
    const similarity = exactSimilarity('cosine', a, b)
    inRange(similarity, -1, 1, `similarity of ${what}`)
    inRange(similarityToScore('cosine', similarity), -1, 1, `score of ${what}`)
    inRange(similarityToDistance('cosine', similarity), 0, 2, `distance of ${what}`)
    const far = exactSimilarity('euclidean', a, b)
    inRange(similarityToScore('euclidean', far), -Infinity, 1, `euclidean score of ${what}`)
    inRange(similarityToDistance('euclidean', far), 0, Infinity, `euclidean distance of ${what}`)
  }
})

randomTest('no index gives a similarity outside of its range', (_t, seed) => {
  for (const [a, b] of pairs(seeded(seed))) {
    if (b.every(x => x === 0) || a.every(x => x === 0)) continue
    for (const create of [createExactIndex, createCoverIndex, createAutoIndex]) {
      const index = create({ metric: 'cosine', dim: a.length })
      index.stagingBuffer(1).set(a)
      index.commit(1)
      assert.equal(index.search({ query: b, k: 1 }).count, 1)
      inRange(
        index.inMemoryVectors!.similarity(0),
        -1,
        1,
        `${index.kind}: ${a.join()} and ${b.join()}`,
      )
      index.dispose()
    }
  }
})

randomTest(
  'no SQL function, no column and no store gives a number outside of its range',
  async (_t, seed) => {
    using db = await open(':memory:')
    const functions = db.prepare('SELECT vec_cosine(?1, ?2)').pluck()
    db.exec('CREATE VIRTUAL TABLE vec_docs USING vec(doc_id)')
    const insert = db.prepare(
      "INSERT INTO vec_docs(dataset_id, doc_id, embedding) VALUES ('d', 'x', ?)",
    )
    const search = db
      .prepare(
        "SELECT match_score, distance FROM vec_docs WHERE dataset_id = 'd' AND doc_id MATCH ?",
      )
      .raw()
    const store = new Store(db)
    for (const [a, b] of pairs(seeded(seed), 50)) {
      if (a.every(x => x === 0) || b.every(x => x === 0)) continue
      const what = `${a.join()} and ${b.join()}`
      const [one, two] = [encodeEmbedding(a), encodeEmbedding(b)]
      inRange(functions.get(one, two) as number, -1, 1, `vec_cosine of ${what}`)
      insert.run(one)
      const rows = search.all(two) as unknown as number[][]
      assert.equal(rows.length, 1)
      inRange(rows[0][0], -1, 1, `match_score of ${what}`)
      inRange(rows[0][1], 0, 2, `distance of ${what}`)
      store.addDocuments([{ id: 'x', embedding: a }])
      inRange(store.similaritySearch(b, 1)[0].score, -1, 1, `score of ${what}`)
      store.remove('x')
      db.exec("DELETE FROM vec_docs WHERE dataset_id = 'd'")
    }
  },
)

test('opposite vectors are 2 apart, equal ones 0, in every way they are scaled', () => {
  const vector = Float32Array.of(0.1, 0.7, 0.3)
  for (const scale of [1, 3, 1e-20, 1e20]) {
    const same = exactSimilarity(
      'cosine',
      vector,
      vector.map(x => x * scale),
    )
    assert.ok(similarityToDistance('cosine', same) < 1e-7)
    const opposite = exactSimilarity(
      'cosine',
      vector,
      vector.map(x => -x * scale),
    )
    assert.ok(similarityToDistance('cosine', opposite) > 2 - 1e-7)
  }
})

test('rows that are shown with one score come by id, whichever rounding put above the other', async () => {
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  const insert = db.prepare("INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('d', ?, ?)")
  const query = Float32Array.of(0.1, 0.7, 0.3)
  // Ids in falling order of the rounded cosine: the wrong order where that decides.
  const scaled = Array.from({ length: 60 }, (_, n) => query.map(x => x * (n + 1)))
  const cosines = scaled.map(vector => [vector, rounded(query, vector)] as const)
  assert.ok(new Set(cosines.map(([, value]) => value)).size > 1)
  const ids = cosines
    .toSorted(([, a], [, b]) => a - b)
    .map(([vector], n) => [`r${String(n).padStart(2, '0')}`, vector] as const)
  for (const [id, vector] of ids) insert.run(id, encodeEmbedding(vector))
  for (const [order, limit] of [
    ['match_score DESC, doc_id', 60],
    ['match_score DESC, doc_id', 7],
    ['distance, doc_id', 60],
  ] as const) {
    const rows = db
      .prepare(
        `SELECT doc_id, match_score FROM docs WHERE dataset_id = 'd' AND doc_id MATCH ? ORDER BY ${order} LIMIT ${limit}`,
      )
      .raw()
      .all(encodeEmbedding(query)) as [string, number][]
    const sorted = rows.toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    assert.deepEqual(rows, sorted)
  }
})
