import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lettersCollection } from './letters.ts'

test('filters and fields read declared columns, of JSON too', async () => {
  const { db, docs } = await lettersCollection(
    'doc_id, lang TEXT, tags JSON, year INTEGER, metric=euclidean',
  )
  db.exec(`INSERT INTO docs(dataset_id, doc_id, embedding, lang, tags, year, meta) VALUES
    ('d', 'a', '[1]', 'en', '["x", "y"]', 2020, '{"at": {"year": 2020}}'),
    ('d', 'b', '[2]', 'de', '["y"]', 2021, '{"at": {"year": 2021}}'),
    ('d', 'c', '[3]', NULL, 'not JSON', NULL, 'not JSON')`)
  const ids = (filter: Record<string, unknown>) => {
    const found = docs.querySync({ vector: [0], filter: filter as never }).hits.map(({ id }) => id)
    assert.deepEqual(
      docs.list({ filter: filter as never }).documents.map(({ id }) => id),
      found,
    )
    assert.equal(docs.count({ filter: filter as never }), found.length)
    return found
  }
  assert.deepEqual(ids({ lang: 'en' }), ['a'])
  assert.deepEqual(ids({ tags: { $contains: 'y' } }), ['a', 'b'])
  assert.deepEqual(ids({ 'at.year': { $gt: 2020 } }), ['b'])
  assert.deepEqual(ids({ $or: [{ year: 2020 }, { lang: 'de' }] }), ['a', 'b'])
  assert.deepEqual(docs.facets('tags'), [
    { value: 'y', count: 2 },
    { value: 'x', count: 1 },
  ])
  assert.deepEqual(docs.distinct('year'), [2020, 2021])
  const groups = docs.querySync({ vector: [0], groupBy: 'tags' }).hits.map(({ group }) => group)
  assert.deepEqual(groups, [['x', 'y'], ['y'], null])
  assert.deepEqual(docs.list({ order: { by: 'year', direction: 'desc' }, include: [] }).documents, [
    { id: 'b' },
    { id: 'a' },
    { id: 'c' },
  ])
})

test('documents carry values of declared columns, of each type', async () => {
  const { db, docs } = await lettersCollection(
    `doc_id, lang TEXT, tags JSON, year INTEGER, price REAL, kind TEXT FROM '$.kind'`,
  )
  await docs.upsert([
    {
      id: 'a',
      content: 'aa',
      meta: { kind: 'note' },
      columns: { lang: 'en', tags: ['x', 1], year: 2020, price: 1.5 },
    },
    { id: 'b', content: 'bb', columns: { year: 2n ** 60n, lang: null } },
  ])
  const include = ['columns'] as const
  const columns = { lang: 'en', tags: ['x', 1], year: 2020, price: 1.5, kind: 'note' }
  assert.deepEqual(docs.get('a', { include }), { id: 'a', columns })
  assert.deepEqual(docs.list({ filter: { year: 2n ** 60n }, include }).documents, [
    { id: 'b', columns: { lang: null, tags: null, year: 2n ** 60n, price: null, kind: null } },
  ])
  const { hits } = await docs.query({ text: 'a', filter: { tags: { $contains: 'x' } }, include })
  assert.deepEqual(
    hits.map(hit => [hit.id, hit.columns]),
    [['a', columns]],
  )
  assert.equal(await docs.upsert([{ id: 'a', columns: { price: null } }]), 0)
  assert.equal(
    docs.updateSync([
      { id: 'a', columns: { year: 2021 } },
      { id: 'none', columns: {} },
    ]),
    1,
  )
  assert.deepEqual(docs.get('a', { include })?.columns, { ...columns, year: 2021, price: null })
  assert.equal(docs.get('a')?.content, 'aa')
  assert.deepEqual(
    db
      .prepare(
        "SELECT typeof(year), typeof(price), tags FROM docs WHERE dataset_id = 'd' AND doc_id = 'a'",
      )
      .raw()
      .get(),
    ['integer', 'null', '["x",1]'],
  )
})

test('of two calls with one document, the columns of the later one count', async () => {
  const { docs } = await lettersCollection('doc_id, year INTEGER')
  const first = docs.upsert([{ id: 'a', content: 'aa', columns: { year: 1 } }])
  docs.upsertSync([{ id: 'a', vector: [1, 1, 1], columns: { year: 2 } }])
  await first
  assert.deepEqual(docs.get('a', { include: ['content', 'columns'] }), {
    id: 'a',
    content: 'aa',
    columns: { year: 2 },
  })
})

test('columns of another name or type are refused, and nothing is written', async () => {
  const { docs } = await lettersCollection(
    `doc_id, lang TEXT, tags JSON, year INTEGER, price REAL, kind TEXT FROM '$.kind'`,
  )
  for (const [columns, message] of [
    [{ lng: 'en' }, /unknown column of upsertSync\(\) 'lng': did you mean 'lang'/],
    [{ kind: 'note' }, /unknown column of upsertSync\(\) 'kind'/],
    [{ lang: 5 }, /columns of document 'a'\.lang .*expected a text or null/],
    [{ year: 1.5 }, /columns of document 'a'\.year .*expected an integer or null/],
    [{ year: '2020' }, /expected an integer or null/],
    [{ price: Infinity }, /expected a finite number or null/],
    [{ tags: [Number.NaN] }, /columns of document 'a'\.tags\[0\] is NaN/],
    [new Map(), /expected an object with values of declared columns/],
  ] as const) {
    const documents = [{ id: 'a', vector: [1, 2, 3], columns: columns as never }]
    assert.throws(() => docs.upsertSync(documents), { message })
  }
  assert.equal(docs.count(), 0)
})
