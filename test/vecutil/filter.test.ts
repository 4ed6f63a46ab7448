import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { Collection, embedEach, matchText, type Filter } from '../../src/entries/vecutil.ts'

const embed = embedEach(text => Promise.resolve([Number(text), 1]))

async function collection(): Promise<{ db: Awaited<ReturnType<typeof open>>; docs: Collection }> {
  const db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=euclidean)')
  const docs = new Collection(db, { table: 'docs', dataset: 'd', embed, model: 'number' })
  await docs.upsertDocumentsText(
    Array.from({ length: 400 }, (_, n) => ({
      id: `n${n}`,
      content: String(n),
      meta:
        n % 50 === 7 ? 'not JSON' : JSON.stringify({ n, even: n % 2 === 0, tags: [`t${n % 10}`] }),
    })),
  )
  return { db, docs }
}

test('a filtered search gives the nearest of those that pass, and never fewer than there are', async () => {
  const { db, docs } = await collection()
  using _ = db
  const ids = async (k: number, filter: Filter): Promise<string[]> =>
    (await docs.queryText('100', k, { filter })).map(({ id }) => id)
  assert.deepEqual(await ids(3, { even: false }), ['n101', 'n99', 'n103'])
  assert.deepEqual(await ids(2, { tags: { $contains: 't3' } }), ['n103', 'n93'])
  assert.deepEqual(await ids(10, { n: { $gte: 395 } }), ['n395', 'n396', 'n397', 'n398', 'n399'])
  assert.deepEqual(await ids(5, { n: -1 }), [])
  assert.equal((await ids(400, { missing: null })).length, 392)
  assert.deepEqual(
    await matchText(db, 'docs', 'd', embed, '100', { limit: 1, filter: { n: { $gt: 200 } } }),
    ['n201'],
  )
})

test('a metadata column called filter is not taken for the filter', async () => {
  using db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, filter TEXT);
    INSERT INTO docs(dataset_id, doc_id, embedding, meta) VALUES ('d', 'x', '[1, 1]', '{"n": 1}'), ('d', 'y', '[2, 1]', '{"n": 2}')`)
  assert.deepEqual(await matchText(db, 'docs', 'd', embed, '1', { filter: { n: 2 } }), ['y'])
})

test('a filter sees what its transaction has written', async () => {
  const { db, docs } = await collection()
  using _ = db
  db.exec(`UPDATE _vec_docs SET meta = '{"n": -5}' WHERE id = 'n0'`)
  assert.deepEqual(
    (await docs.queryText('1', 5, { filter: { n: { $lt: 0 } } })).map(({ id }) => id),
    ['n0'],
  )
})

test('a filter that cannot be read is refused before anything is embedded', async () => {
  const { db } = await collection()
  using _ = db
  let calls = 0
  const counted = embedEach(text => {
    calls++
    return Promise.resolve([Number(text), 1])
  })
  const filter = { n: { $near: 5 } } as unknown as Filter
  await assert.rejects(matchText(db, 'docs', 'd', counted, '1', { filter }), {
    code: 'VEC_FILTER',
    message: /^filter\.n\.\$near: unknown operator/,
  })
  assert.equal(calls, 0)
})
