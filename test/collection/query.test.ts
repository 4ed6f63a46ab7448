import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Metric } from '../../src/core/metric.ts'
import { open } from '../../src/entries/main.ts'
import { cosine } from '../../src/entries/vector.ts'
import { Collection, type Hit } from '../../src/entries/vecutil.ts'
import { seeded } from '../freshness/seeded.ts'
import { seededTest } from '../seed.ts'
import { embedLetters, lettersCollection } from './letters.ts'

interface Meta {
  n: number
  document?: string | number | boolean | null | undefined
}

interface Row {
  readonly id: string
  readonly vector: Float32Array
  readonly meta: Meta
}

/** The score of a metric in double precision, as docs/sql.md defines it. The last bit of a cosine depends on the formula. */
const SCORES: Readonly<Record<Metric, (a: Float32Array, b: Float32Array) => number>> = {
  cosine: (a, b) => Math.min(1, cosine(a, b)),
  dot,
  euclidean: (a, b) => 1 - Math.sqrt(sum(a, b, d => d * d)),
  manhattan: (a, b) => 1 - sum(a, b, Math.abs),
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((total, x, i) => total + x * b[i], 0)
}

function sum(a: Float32Array, b: Float32Array, of: (d: number) => number): number {
  return a.reduce((total, x, i) => total + of(x - b[i]), 0)
}

/** Small whole numbers: many rows tie exactly. */
class World {
  readonly rows: Row[] = []
  readonly docs: Collection<Meta>
  readonly metric: Metric
  readonly #next: () => number

  private constructor(docs: Collection<Meta>, metric: Metric, next: () => number) {
    this.docs = docs
    this.metric = metric
    this.#next = next
  }

  static async make(metric: Metric, count: number, next: () => number): Promise<World> {
    const db = await open(':memory:')
    db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=${metric})`)
    const world = new World(new Collection(db, { table: 'docs', dataset: 'd' }), metric, next)
    const documents = ['a', 'b', 'c', 1, 1.5, true, null, undefined]
    for (let i = 0; i < count; i++) {
      world.rows.push({
        id: `n${i}`,
        vector: world.vector(),
        meta: { n: i, document: documents[world.below(documents.length)] },
      })
    }
    world.docs.upsertSync(world.rows)
    return world
  }

  below(n: number): number {
    return Math.floor(this.#next() * n)
  }

  vector(): Float32Array {
    return Float32Array.from({ length: 3 }, () => 1 + this.below(3))
  }

  /** All rows that pass, best first; equal ones by id in byte order. */
  ranking(query: Float32Array, passes: (row: Row) => boolean): (Row & { score: number })[] {
    const score = SCORES[this.metric]
    return this.rows
      .filter(passes)
      .map(({ id, vector, meta }) => ({ id, vector, meta, score: score(query, vector) }))
      .toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
  }
}

const shown = (hits: readonly { id: string; score: number }[]): unknown[] =>
  hits.map(({ id, score }) => [id, Math.round(score * 1e9) / 1e9])

const METRICS = ['cosine', 'euclidean', 'dot', 'manhattan'] as const
const collectionTest = seededTest('COLLECTION_SEED')

for (const metric of METRICS) {
  collectionTest(`${metric}: queries answer as brute force does`, async (_, seed) => {
    const world = await World.make(metric, 300, seeded(seed))
    for (let step = 0; step < 40; step++) {
      const query = world.vector()
      const k = world.below(30)
      const year = world.below(300)
      const filtered = world.below(2) === 0
      const all = world.ranking(query, row => !filtered || row.meta.n < year)
      const minScore = world.below(2) === 0 ? all[world.below(all.length)]?.score : undefined
      const expected = all.filter(({ score }) => score >= (minScore ?? -Infinity) - 1e-12)
      const { hits, cursor } = world.docs.querySync({
        vector: query,
        k,
        ...(filtered ? { filter: { n: { $lt: year } } } : {}),
        ...(minScore === undefined ? {} : { minScore: minScore - 1e-9 }),
      })
      assert.deepEqual(shown(hits), shown(expected.slice(0, k)))
      assert.equal(cursor !== undefined, k > 0 && expected.length > k)
    }
  })

  collectionTest(
    `${metric}: pages give every document once, in the order of one page`,
    async (_, seed) => {
      const world = await World.make(metric, 200, seeded(seed))
      for (const filter of [{}, { n: { $gte: 50 } }]) {
        for (const groupBy of [undefined, 'meta.document']) {
          const vector = world.vector()
          const query = { vector, filter, ...(groupBy === undefined ? {} : { groupBy }) }
          const whole = world.docs.querySync({ ...query, k: 1000 }).hits
          const paged: Hit<Meta>[] = []
          let cursor: string | undefined
          do {
            const page = world.docs.querySync({
              ...query,
              k: 1 + world.below(9),
              ...(cursor === undefined ? {} : { cursor }),
            })
            paged.push(...page.hits)
            ;({ cursor } = page)
          } while (cursor !== undefined)
          assert.deepEqual(paged, whole)
        }
      }
    },
  )

  collectionTest(`${metric}: groups have the best document of each value`, async (_, seed) => {
    const world = await World.make(metric, 300, seeded(seed))
    for (let step = 0; step < 10; step++) {
      const query = world.vector()
      const groups = new Map<unknown, Row & { score: number }>()
      for (const row of world.ranking(query, ({ meta }) => meta.n % 2 === 0)) {
        const group = row.meta.document ?? null
        if (!groups.has(group)) groups.set(group, row)
      }
      const all = [...groups].map(([group, { id, score }]) => ({ group, id, score }))
      for (let k = 1; k <= all.length + 1; k++) {
        const { hits } = world.docs.querySync({
          vector: query,
          k,
          filter: { n: { $in: world.rows.map(({ meta }) => meta.n).filter(n => n % 2 === 0) } },
          groupBy: 'meta.document',
        })
        assert.deepEqual(
          hits.map(({ id, group }) => [id, group]),
          all.slice(0, k).map(({ id, group }) => [id, group]),
        )
      }
    }
  })

  collectionTest(
    `${metric}: maximal marginal relevance is that of its definition`,
    async (_, seed) => {
      const world = await World.make(metric, 200, seeded(seed))
      const score = SCORES[metric]
      for (let step = 0; step < 10; step++) {
        const query = world.vector()
        const lambda = world.below(5) / 4
        const fetchK = 10 + world.below(40)
        const candidates = world.ranking(query, () => true).slice(0, fetchK)
        const chosen: typeof candidates = []
        while (chosen.length < 10) {
          const value = (row: (typeof candidates)[number]): number =>
            chosen.length === 0
              ? row.score
              : lambda * row.score -
                (1 - lambda) * Math.max(...chosen.map(one => score(row.vector, one.vector)))
          let best: (typeof candidates)[number] | undefined
          for (const row of candidates) {
            if (chosen.includes(row)) continue
            if (!best || value(row) > value(best) + 1e-9) best = row
          }
          chosen.push(best!)
        }
        const { hits } = world.docs.querySync({ vector: query, k: 10, mmr: { lambda, fetchK } })
        const values = (rows: readonly { id: string }[]): number[] =>
          rows.map(({ id }, at) => {
            const row = candidates.find(one => one.id === id)!
            const before = rows
              .slice(0, at)
              .map(one => candidates.find(({ id: c }) => c === one.id)!)
            const like = Math.max(...before.map(one => score(row.vector, one.vector)))
            const value = at === 0 ? row.score : lambda * row.score - (1 - lambda) * like
            return Math.round(value * 1e6) / 1e6
          })
        // Rounding may tell apart what ties: then the first choice that differs decides the rest.
        const own = values(hits)
        const theirs = values(chosen)
        const at = hits.findIndex(({ id }, i) => id !== chosen[i].id)
        if (at < 0) assert.deepEqual(own, theirs)
        else assert.deepEqual(own.slice(0, at + 1), theirs.slice(0, at + 1))
      }
    },
  )
}

test('groups are as many as there are, however deep the ranking has to go', async () => {
  const { docs } = await lettersCollection<{ document: string }>('doc_id, metric=euclidean')
  const documents = [
    ...Array.from({ length: 2000 }, (_, n) => ({
      id: `near${n}`,
      vector: [n / 1e4],
      meta: { document: 'long' },
    })),
    ...Array.from({ length: 4 }, (_, n) => ({
      id: `far${n}`,
      vector: [100 + n],
      meta: { document: `short${n}` },
    })),
  ]
  docs.upsertSync(documents)
  const query = { vector: [0], groupBy: 'meta.document', k: 3 }
  const first = docs.querySync(query)
  assert.deepEqual(
    first.hits.map(({ id, group }) => [id, group]),
    [
      ['near0', 'long'],
      ['far0', 'short0'],
      ['far1', 'short1'],
    ],
  )
  const second = docs.querySync({ ...query, cursor: first.cursor! })
  assert.deepEqual(
    second.hits.map(({ id }) => id),
    ['far2', 'far3'],
  )
  assert.equal(second.cursor, undefined)
})

test('groups of a declared column, and values of any type', async () => {
  const { db, docs } = await lettersCollection('doc_id, lang TEXT, metric=euclidean')
  db.exec(`INSERT INTO docs(dataset_id, doc_id, embedding, lang, meta) VALUES
    ('d', 'a', '[1]', 'en', '{"v": [1]}'), ('d', 'b', '[2]', 'en', '{"v": {"x": 1}}'), ('d', 'c', '[3]', 'de', '{"v": [1]}'),
    ('d', 'e', '[4]', NULL, 'not JSON')`)
  const groups = (groupBy: string) =>
    docs.querySync({ vector: [0], groupBy }).hits.map(({ id, group }) => [id, group])
  assert.deepEqual(groups('lang'), [
    ['a', 'en'],
    ['c', 'de'],
    ['e', null],
  ])
  assert.deepEqual(groups('meta.v'), [
    ['a', [1]],
    ['b', { x: 1 }],
    ['e', null],
  ])
  assert.deepEqual(groups('meta.v.x'), [
    ['a', null],
    ['b', 1],
  ])
})

test('a cursor belongs to its query, and says so', async () => {
  const { db, docs } = await lettersCollection<{ n: number }>()
  await docs.upsert(
    Array.from({ length: 9 }, (_, n) => ({ id: `${n}`, content: 'a'.repeat(n + 1), meta: { n } })),
  )
  const { cursor } = await docs.query({ text: 'ab', k: 3 })
  const again = async (query: object) => docs.query({ text: 'ab', k: 5, cursor, ...query })
  assert.equal((await again({ include: [] })).hits.length, 5, 'k and include may differ')
  const refused = { code: 'VEC_QUERY', message: /belongs to another listing/ }
  await assert.rejects(again({ text: 'ac' }), refused)
  await assert.rejects(again({ filter: { n: 1 } }), refused)
  await assert.rejects(again({ minScore: 0 }), refused)
  await assert.rejects(again({ groupBy: 'meta.n' }), refused)
  assert.throws(() => docs.list({ cursor: cursor! }), refused)
  const elsewhere = new Collection(db, {
    table: 'docs',
    dataset: 'other',
    embed: embedLetters(),
    model: 'letters',
  })
  await assert.rejects(elsewhere.query({ text: 'ab', cursor: cursor! }), refused)
  for (const wrong of ['', 'x', '%%%', 'bnVsbA', cursor!.slice(0, -5)]) {
    await assert.rejects(again({ cursor: wrong }), { code: 'VEC_QUERY', message: /not a cursor/ })
  }
})

/** A query whose hits get these scores. */
const fixed = (scores: unknown) => ({
  vector: [0],
  k: 2,
  rerank: { score: () => scores as number[], fetchK: 2 },
})

test('rerank gives another order, and is checked', async () => {
  const { docs } = await lettersCollection<{ n: number }>('doc_id, metric=euclidean')
  docs.upsertSync(
    Array.from({ length: 20 }, (_, n) => ({
      id: `n${n}`,
      content: `c${n}`,
      vector: [n],
      meta: { n },
    })),
  )
  const seen: unknown[] = []
  const rerank = async (
    hits: readonly Hit<{ n: number }>[],
    query: { vector?: Float32Array | undefined },
  ) => {
    seen.push(hits.length, query.vector)
    return hits.map(({ meta }) => meta!.n % 3)
  }
  const { hits, cursor } = await docs.query({ vector: [0], k: 3, rerank, include: ['content'] })
  assert.deepEqual(seen, [15, Float32Array.of(0)])
  assert.deepEqual(
    hits.map(({ id, content, meta, score, rerankScore }) => [
      id,
      content,
      meta,
      score,
      rerankScore,
    ]),
    [
      ['n2', 'c2', undefined, -1, 2],
      ['n5', 'c5', undefined, -4, 2],
      ['n8', 'c8', undefined, -7, 2],
    ],
  )
  assert.ok(!('meta' in hits[0]))
  assert.equal(cursor, undefined)
  assert.deepEqual(
    docs.querySync(fixed(Float32Array.of(1, 2))).hits.map(({ id }) => id),
    ['n1', 'n0'],
  )
  for (const [scores, message] of [
    [[1], /an array of 1 value: expected an array of 2 finite numbers/],
    [undefined, /what rerank returned is undefined/],
    [[1, NaN], /score 1 that rerank returned is NaN/],
    [['1', 2], /score 0 that rerank returned is the string/],
    [Promise.resolve([1, 2]), /a Promise/],
  ] as const) {
    assert.throws(() => docs.querySync(fixed(scores)), { name: 'TypeError', message })
  }
})

test('a document that is written between two pages is not given twice, and hides no other', async () => {
  const { docs } = await lettersCollection('doc_id, metric=euclidean')
  docs.upsertSync(Array.from({ length: 10 }, (_, n) => ({ id: `n${n}`, vector: [n] })))
  const first = docs.querySync({ vector: [0], k: 4 })
  docs.upsertSync([
    { id: 'new', vector: [1.5] },
    { id: 'later', vector: [6.5] },
  ])
  docs.delete({ ids: ['n0', 'n7'] })
  const second = docs.querySync({ vector: [0], k: 10, cursor: first.cursor! })
  assert.deepEqual(
    [...first.hits, ...second.hits].map(({ id }) => id),
    ['n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'later', 'n8', 'n9'],
  )
})
