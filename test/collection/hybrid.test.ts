import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEmbedding, open, type Connection } from '../../src/entries/main.ts'
import { Collection } from '../../src/entries/vecutil.ts'
import { seeded } from '../freshness/seeded.ts'
import { seededTest } from '../seed.ts'
import { embedLetters } from './letters.ts'

interface Meta {
  n: number
  document: string
}

const WORDS = ['valve', 'pump', 'error', 'archive', 'pressure', 'leak', 'cab', 'abacus']

async function world(
  count: number,
  next: () => number,
): Promise<{ db: Connection; docs: Collection<Meta> }> {
  const db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, text=content, metric=euclidean)')
  const docs = new Collection<Meta>(db, {
    table: 'docs',
    dataset: 'd',
    embed: embedLetters(),
    model: 'letters',
  })
  const word = (): string => WORDS[Math.floor(next() * WORDS.length)]
  await docs.upsert(
    Array.from({ length: count }, (_, n) => ({
      id: `n${n}`,
      content: Array.from({ length: 1 + Math.floor(next() * 8) }, word).join(' '),
      meta: { n, document: `doc${Math.floor(next() * 12)}` },
    })),
  )
  return { db, docs }
}

const modesTest = seededTest('COLLECTION_SEED')

modesTest('modes answer as the SQL of the table does, filtered too', async (_, seed) => {
  const next = seeded(seed)
  const { db, docs } = await world(200, next)
  for (let step = 0; step < 25; step++) {
    const text = `${WORDS[step % 8]} ${WORDS[(step * 3 + 1) % 8]}`
    const k = 1 + Math.floor(next() * 20)
    const below = 20 + Math.floor(next() * 180)
    const filter = { n: { $lt: below } }
    const vector = (await embedLetters()([text], {}))[0]
    const sql = (match: string, ...parameters: (string | Uint8Array)[]) =>
      db
        .prepare(
          `SELECT doc_id, match_score FROM docs WHERE dataset_id = 'd' AND docs MATCH ${match} AND k = ${k}
           AND filter = '{"n": {"$lt": ${below}}}' ORDER BY match_score DESC, doc_id`,
        )
        .raw()
        .all(...parameters)
    const hybrid = await docs.query({ mode: 'hybrid', text, k, filter })
    assert.deepEqual(
      hybrid.hits.map(({ id, score }) => [id, score]),
      sql('vec_hybrid(?, ?)', encodeEmbedding(vector), text),
    )
    const words = docs.querySync({ mode: 'text', text, k, filter })
    assert.deepEqual(
      words.hits.map(({ id, score }) => [id, score]),
      sql('vec_text(?)', text),
    )
  }
})

modesTest(
  'pages of every mode give each document once, and groups the best of each',
  async (_, seed) => {
    const { docs } = await world(150, seeded(seed))
    for (const mode of ['text', 'hybrid'] as const) {
      for (const groupBy of [undefined, 'meta.document']) {
        const query = {
          mode,
          text: 'valve error',
          filter: { n: { $gte: 10 } },
          ...(groupBy === undefined ? {} : { groupBy }),
          ...(mode === 'hybrid' ? { hybrid: { window: 150 } } : {}),
        }
        const whole = (await docs.query({ ...query, k: 1000 })).hits
        const paged: typeof whole = []
        let cursor: string | undefined
        do {
          const page = await docs.query({
            ...query,
            k: 4,
            ...(cursor === undefined ? {} : { cursor }),
          })
          paged.push(...page.hits)
          ;({ cursor } = page)
        } while (cursor !== undefined)
        assert.deepEqual(paged, whole)
        if (groupBy === undefined) continue
        const best = new Map<string, string>()
        for (const { id, meta } of (await docs.query({ ...query, groupBy: undefined, k: 1000 }))
          .hits) {
          if (!best.has(meta!.document)) best.set(meta!.document, id)
        }
        assert.deepEqual(
          whole.map(({ group, id }) => [group, id]),
          [...best],
        )
      }
    }
  },
)

test('a hybrid query gives as many groups as there are, beyond its window', async () => {
  const { docs } = await world(0, seeded(1))
  docs.upsertSync([
    ...Array.from({ length: 300 }, (_, n) => ({
      id: `near${n}`,
      content: 'pump',
      vector: [n / 1000, 0, 0],
      meta: { n, document: 'one' },
    })),
    { id: 'far1', content: 'other', vector: [50, 0, 0], meta: { n: 1, document: 'two' } },
    { id: 'far2', content: 'other', vector: [60, 0, 0], meta: { n: 2, document: 'three' } },
  ])
  const { hits } = docs.querySync({
    mode: 'hybrid',
    text: 'pump',
    vector: [0, 0, 0],
    k: 3,
    groupBy: 'meta.document',
  })
  assert.deepEqual(
    hits.map(({ group }) => group),
    ['one', 'two', 'three'],
  )
  assert.deepEqual([hits[0].vectorRank, hits[0].textRank], [1, 1])
})

test('the pages of groups come from the window that the first page needed', async () => {
  const { docs } = await world(0, seeded(1))
  const texts = {
    a: `pump${' w'.repeat(5)}`,
    x1: 'pump',
    x2: 'pump w',
    x3: 'pump w w',
    x4: 'pump w w w',
    b: 'pump w w w w',
    c: 'w',
  }
  docs.upsertSync(
    Object.entries(texts).map(([id, content], n) => ({
      id,
      content,
      vector: [n, 0, 0],
      meta: { n, document: id[0] },
    })),
  )
  const query = {
    mode: 'hybrid',
    text: 'pump',
    vector: [0, 0, 0],
    groupBy: 'meta.document',
    hybrid: { window: 4 },
  } as const
  const first = docs.querySync({ ...query, k: 3 })
  assert.deepEqual(
    first.hits.map(({ group }) => group),
    ['x', 'a', 'b'],
  )
  // In a window of 4, the text does not count for 'a', which would come once more.
  const second = docs.querySync({ ...query, k: 1, cursor: first.cursor })
  assert.deepEqual(
    second.hits.map(({ group }) => group),
    ['c'],
  )
})

test('what a mode cannot do is refused', async () => {
  const { db, docs } = await world(3, seeded(1))
  for (const [query, message] of [
    [{ mode: 'text', vector: [1, 1, 1] }, /mode 'text' has no text/],
    [{ mode: 'text', text: 'a', vector: [1, 1, 1] }, /expected mode 'hybrid'/],
    [{ mode: 'hybrid', vector: [1, 1, 1] }, /mode 'hybrid' has no text/],
    [{ mode: 'hybrid', text: 'a', mmr: {} }, /mmr, which compares vectors alone/],
    [{ mode: 'words', text: 'a' }, /'words'/],
    [{ text: 'a', hybrid: {} }, /query\.hybrid is for mode 'hybrid'/],
    [{ mode: 'hybrid', text: 'a', hybrid: { weights: { txt: 1 } } }, /did you mean 'text'/],
    [{ mode: 'hybrid', text: 'a', hybrid: { fusion: 'max' } }, /rrf, sum/],
  ] as const) {
    await assert.rejects(docs.query(query as never), message)
  }
  db.exec('CREATE VIRTUAL TABLE plain USING vec(doc_id)')
  const plain = new Collection(db, { table: 'plain', dataset: 'd' })
  assert.throws(() => plain.querySync({ mode: 'text', text: 'a' }), { code: 'VEC_QUERY' })
})
