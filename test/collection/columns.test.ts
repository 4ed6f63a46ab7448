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
