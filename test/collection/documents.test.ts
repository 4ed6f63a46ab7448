import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Collection, upsertShadowDocuments } from '../../src/entries/vecutil.ts'
import { SlowModel } from '../vecutil/slow-model.ts'
import { embedLetters, lettersCollection } from './letters.ts'

interface Meta {
  lang?: string
  year?: number
  tags?: string[]
  author?: { name: string; age?: number }
  draft?: boolean
}

test('documents are inserted, changed field by field, and read back', async () => {
  const { docs } = await lettersCollection<Meta>()
  assert.equal(
    await docs.upsert([
      { id: '1', content: 'aa', meta: { lang: 'en', tags: ['x'] } },
      { id: '2', vector: [0, 0, 5] },
    ]),
    1,
  )
  assert.deepEqual(docs.get('1'), { id: '1', content: 'aa', meta: { lang: 'en', tags: ['x'] } })
  assert.deepEqual(docs.get('2', { include: ['vector'] }), {
    id: '2',
    vector: Float32Array.of(0, 0, 5),
  })
  assert.equal(await docs.upsert([{ id: '1', meta: { year: 2020 } }]), 0, 'nothing is embedded')
  assert.deepEqual(docs.get(['none', '1']), [
    undefined,
    { id: '1', content: 'aa', meta: { year: 2020 } },
  ])
  await docs.upsert([{ id: '1', content: null, meta: null }])
  assert.deepEqual(docs.get('1', { include: ['content', 'meta', 'vector'] }), {
    id: '1',
    content: null,
    meta: null,
    vector: null,
  })
})

test('a vector that is given is stored beside a content, which is not embedded then', async () => {
  const { docs } = await lettersCollection()
  assert.equal(await docs.upsert([{ id: '1', content: 'aa', vector: [9, 0, 1] }]), 0)
  assert.deepEqual(docs.get('1', { include: ['vector'] })?.vector, Float32Array.of(9, 0, 1))
})

test('update merges metadata and leaves alone what is not there', async () => {
  const { docs } = await lettersCollection<Meta>()
  await docs.upsert([
    { id: '1', content: 'a', meta: { lang: 'en', author: { name: 'A', age: 5 } } },
  ])
  const changes = [
    { id: '1', meta: { lang: null, year: 2021, author: { name: 'B' } } },
    { id: 'none', meta: { year: 1 }, content: 'b' },
  ]
  assert.equal(await docs.update(changes), 1)
  assert.deepEqual(docs.get('1')?.meta, { year: 2021, author: { name: 'B', age: 5 } })
  assert.equal(docs.count(), 1)
  assert.equal(await docs.update([{ id: '1', content: 'bb' }]), 1)
  assert.deepEqual(docs.get('1', { include: ['content', 'vector'] }), {
    id: '1',
    content: 'bb',
    vector: Float32Array.of(0, 2, 0),
  })
  assert.equal(docs.updateSync([{ id: '1', meta: null }]), 1)
  assert.equal(docs.get('1')?.meta, null)
  assert.equal(docs.updateSync([{ id: '1', meta: { year: 3 } }]), 1)
  assert.deepEqual(docs.get('1')?.meta, { year: 3 })
})

test('update does not merge into metadata that is not an object, and writes nothing then', async () => {
  const { db, docs } = await lettersCollection()
  await docs.upsert([
    { id: '1', content: 'a' },
    { id: '2', content: 'b', meta: { n: 1 } },
  ])
  for (const stored of ['not JSON', '[1]', '5']) {
    db.prepare("UPDATE _vec_docs SET meta = ? WHERE id = '1'").run(stored)
    const changes = [
      { id: '2', meta: { n: 2 } },
      { id: '1', meta: { n: 2 } },
    ]
    await assert.rejects(docs.update(changes), { code: 'VEC_SOURCE', message: /document '1'/ })
    assert.deepEqual(docs.get('2')?.meta, { n: 1 })
  }
  db.exec("UPDATE _vec_docs SET meta = 'not JSON' WHERE id = '1'")
  assert.equal(docs.get('1')?.meta, 'not JSON', 'what other programs wrote is shown as it is')
})

test('the synchronous forms write in the transaction of the caller', async () => {
  const { db, docs } = await lettersCollection()
  assert.throws(
    () =>
      db.transaction(() => {
        docs.upsertSync([{ id: '1', vector: [1, 2, 3], meta: { n: 1 } }])
        assert.equal(docs.count(), 1)
        assert.deepEqual(
          docs.querySync({ vector: [1, 2, 3] }).hits.map(({ id }) => id),
          ['1'],
        )
        throw new Error('so that it is rolled back')
      })(),
    /rolled back/,
  )
  assert.equal(docs.count(), 0)
  assert.throws(() => docs.upsertSync([{ id: '1', content: 'new' }]), {
    name: 'TypeError',
    message: /document '1' has to be embedded/,
  })
  await docs.upsert([{ id: '1', content: 'a' }])
  docs.upsertSync([{ id: '1', content: 'a', meta: { n: 2 } }])
  assert.deepEqual(docs.get('1')?.meta, { n: 2 })
})

test('delete takes ids, a filter, or says that all are meant', async () => {
  const { db, docs } = await lettersCollection<Meta>()
  const other = new Collection(db, { table: 'docs', dataset: 'other' })
  const fill = async () => {
    await docs.upsert(
      Array.from({ length: 20 }, (_, n) => ({
        id: `n${n}`,
        content: 'abc'[n % 3],
        meta: { year: n },
      })),
    )
    other.upsertSync([{ id: 'n1', vector: [1] }])
  }
  await fill()
  assert.equal(docs.delete({ ids: ['n1', 'n2', 'none'] }), 2)
  assert.equal(docs.delete({ filter: { year: { $gte: 10 } } }), 10)
  assert.equal(docs.count(), 8)
  assert.equal(docs.count({ filter: { year: { $lt: 5 } } }), 3)
  assert.equal(docs.delete({ all: true }), 8)
  assert.equal(other.count(), 1)
  await fill()
  for (const [selection, message] of [
    [{}, /none of ids, filter and all/],
    [{ ids: ['n1'], filter: { year: 1 } }, /ids and filter/],
    [{ filter: undefined }, /selection\.filter is undefined/],
    [{ filter: {} }, /which every document passes/],
    [{ all: false }, /expected true/],
    [{ ids: 'n1' }, /array of ids/],
    [{ id: ['n1'] }, /did you mean 'ids'/],
    [{ filter: { year: { $gtr: 1 } } }, /\$gtr/],
    [undefined, /selection is undefined/],
  ] as const) {
    assert.throws(() => docs.delete(selection as never), message)
  }
  assert.equal(docs.count(), 20)
})

test('a delete by filter counts for uploads that wait for their embeddings', async () => {
  const { db } = await lettersCollection()
  const model = new SlowModel()
  const { embed } = model
  const docs = new Collection<Meta>(db, { table: 'docs', dataset: 'd', embed, model: 'm' })
  docs.upsertSync([{ id: 'a', vector: [1, 2], meta: { year: 1 } }])
  const waiting = docs.upsert([{ id: 'a', content: 'x' }])
  assert.equal(docs.delete({ filter: { year: 1 } }), 1)
  await model.waiting[0].answer()
  await waiting
  assert.equal(docs.count(), 0, 'the call made last wins')
})

test('facets and distinct values count each document once, and keep types apart', async () => {
  const { db, docs } = await lettersCollection()
  docs.upsertSync(
    [
      { v: 'x', tags: ['a', 'b', 'a'] },
      { v: 1, tags: ['b'] },
      { v: true, tags: 'b' },
      { v: 1.5, tags: [] },
      { v: '1', tags: null },
      { v: 1, tags: [['b'], { b: 1 }, 2] },
      { v: { x: 1 } },
      {},
      { v: 9007199254740993n },
      null,
    ].map((meta, n) => ({ id: `${n}`, vector: [1, 1, n], meta })),
  )
  db.exec("UPDATE _vec_docs SET meta = 'not JSON' WHERE id = '9'")
  assert.deepEqual(docs.facets('meta.v'), [
    { value: 1, count: 2 },
    { value: true, count: 1 },
    { value: 1.5, count: 1 },
    { value: 9007199254740993n, count: 1 },
    { value: '1', count: 1 },
    { value: 'x', count: 1 },
  ])
  assert.deepEqual(docs.distinct('meta.v'), [true, 1, 1.5, 9007199254740993n, '1', 'x'])
  assert.deepEqual(docs.facets('meta.tags', { limit: 2 }), [
    { value: 'b', count: 3 },
    { value: 2, count: 1 },
  ])
  assert.deepEqual(docs.distinct('meta.tags', { filter: { v: 'x' } }), ['a', 'b'])
  assert.deepEqual(docs.distinct('meta.v.x'), [1])
  assert.equal(docs.distinct('id').length, 10)
})

test('facets read declared columns', async () => {
  const { db, docs } = await lettersCollection('doc_id, type TEXT, value INTEGER')
  db.exec(`INSERT INTO docs(dataset_id, doc_id, embedding, type, value) VALUES
    ('d', 'a', '[1]', 'x', 5), ('d', 'b', '[1]', 'x', NULL), ('d', 'c', '[1]', 'y', 4)`)
  assert.deepEqual(docs.facets('type'), [
    { value: 'x', count: 2 },
    { value: 'y', count: 1 },
  ])
  assert.deepEqual(docs.distinct('value'), [4, 5])
  assert.throws(() => docs.facets('typ'), { code: 'VEC_OPTION', message: /did you mean 'type'/ })
})

test('archived documents are in no answer, unless the table includes them', async () => {
  for (const [declaration, seen] of [
    ['doc_id', ['a']],
    ['doc_id, include_archived=1', ['a', 'b']],
  ] as const) {
    const { db, docs } = await lettersCollection(declaration)
    docs.upsertSync([
      { id: 'a', vector: [1, 0, 0], meta: { n: 1 } },
      { id: 'b', vector: [1, 0, 0], meta: { n: 1 } },
    ])
    db.exec("UPDATE _vec_docs SET archived = 1 WHERE id = 'b'")
    assert.deepEqual(
      docs.list().documents.map(({ id }) => id),
      seen,
    )
    assert.equal(docs.count(), seen.length)
    assert.equal(docs.get('b') === undefined, seen.length === 1)
    assert.deepEqual(docs.facets('meta.n'), [{ value: 1, count: seen.length }])
    assert.deepEqual(
      docs.querySync({ vector: [1, 0, 0] }).hits.map(({ id }) => id),
      seen,
    )
  }
})

test('metadata that JSON would lose is refused, with its place', async () => {
  const { docs } = await lettersCollection()
  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  for (const [meta, message] of [
    ['{"n":1}', /the string .*JSON\.parse\(\)/],
    [[1], /an array of 1 value/],
    [new Map([['n', 1]]), /a Map/],
    [Promise.resolve({}), /a Promise/],
    [{ a: { b: [1, NaN] } }, /meta of document 'x'\.a\.b\[1\] is NaN/],
    [{ f: () => 1 }, /\.f is a function/],
    [{ d: new Date(NaN) }, /\.d is a Date/],
    [{ a: [undefined] }, /\.a\[0\] is undefined/],
    [{ v: Float32Array.of(1) }, /\.v is a Float32Array/],
    [cyclic, /nested more than 1000 deep/],
  ] as const) {
    assert.throws(() => docs.upsertSync([{ id: 'x', vector: [1], meta }]), message)
  }
  const meta = {
    at: new Date(0),
    big: 2n ** 60n + 1n,
    none: undefined,
    nested: { list: [null, true] },
  }
  docs.upsertSync([{ id: 'x', vector: [1], meta }])
  assert.deepEqual(docs.get('x')?.meta, {
    at: '1970-01-01T00:00:00.000Z',
    big: 2n ** 60n + 1n,
    nested: { list: [null, true] },
  })
})

const unknown = (f: () => unknown, meant: string) =>
  assert.throws(f, { code: 'VEC_OPTION', message: new RegExp(`did you mean '${meant}'`) })

test('unknown names are refused with the nearest known one', async () => {
  const { db, docs } = await lettersCollection()
  unknown(() => docs.upsertSync([{ id: 'a', contents: 'x' } as never]), 'content')
  unknown(() => docs.upsertSync([{ id: 'a', metadata: {} } as never]), 'meta')
  unknown(() => docs.querySync({ vectr: [1] } as never), 'vector')
  unknown(() => docs.querySync({ vector: [1], include: ['vectors' as never] }), 'vector')
  unknown(() => docs.querySync({ vector: [1], mmr: { lamda: 1 } as never }), 'lambda')
  unknown(() => docs.querySync({ vector: [1, 1, 1], groupBy: 'document' }), 'meta.document')
  unknown(() => docs.list({ limits: 5 } as never), 'limit')
  unknown(() => docs.list({ order: { by: 'id', direction: 'des' as never } }), 'desc')
  unknown(() => docs.list({ order: { dir: 'asc' } as never }), 'direction')
  unknown(() => docs.count({ filtr: {} } as never), 'filter')
  unknown(() => docs.get('a', { includes: [] } as never), 'include')
  unknown(() => new Collection(db, { table: 'd', dataset: 'd', modle: 'x' } as never), 'model')
  await assert.rejects(docs.upsert([], { sginal: 1 } as never), /did you mean 'signal'/)
})

test('arguments of a wrong type are refused before anything is embedded', async () => {
  const { db } = await lettersCollection()
  let calls = 0
  const embed = async (texts: readonly string[]) => {
    calls++
    return texts.map(() => [1])
  }
  const docs = new Collection(db, { table: 'docs', dataset: 'd', embed, model: 'm' })
  for (const [query, message] of [
    [{}, /neither of them: expected a text or a vector/],
    [{ text: 'a', vector: [1] }, /both: expected a text or a vector/],
    [{ text: 5 }, /query\.text is 5/],
    [{ text: 'a', k: -1 }, /query\.k is -1/],
    [{ text: 'a', k: 1.5 }, /query\.k is 1\.5/],
    [{ text: 'a', minScore: '1' }, /query\.minScore is the string "1"/],
    [{ text: 'a', minScore: NaN }, /query\.minScore is NaN/],
    [{ text: 'a', filter: { n: { $gtt: 1 } } }, /\$gtt/],
    [{ text: 'a', mmr: { lambda: 2 } }, /lambda is 2: expected a number from 0 to 1/],
    [{ text: 'a', mmr: { fetchK: 9 } }, /fetchK is 9: expected an integer from 10/],
    [{ text: 'a', rerank: 'x' }, /query\.rerank is the string/],
    [{ text: 'a', rerank: {} }, /rerank\.score is undefined/],
    [{ text: 'a', mmr: {}, rerank: () => [] }, /mmr and rerank/],
    [{ text: 'a', mmr: {}, cursor: 'x' }, /mmr and cursor/],
    [{ text: 'a', signal: {} }, /AbortSignal/],
    [{ vector: Promise.resolve([1]) }, /did you forget `await`/],
    [null, /query is null/],
  ] as const) {
    await assert.rejects(docs.query(query as never), message)
  }
  assert.equal(calls, 0)
  await assert.rejects(docs.query({ text: 'a', signal: AbortSignal.abort() }), {
    name: 'AbortError',
  })
  assert.equal(calls, 0)
})

test('a collection without an embed function takes vectors', async () => {
  const { db } = await lettersCollection()
  const docs = new Collection(db, { table: 'docs', dataset: 'd' })
  await docs.upsert([{ id: 'a', vector: [1, 0], content: 'kept' }])
  assert.deepEqual((await docs.query({ vector: [1, 0] })).hits, [
    { id: 'a', score: 1, distance: 0, content: 'kept', meta: null },
  ])
  await assert.rejects(docs.query({ text: 'a' }), /without an embed function/)
  await assert.rejects(docs.queryText('a', 1), /without an embed function/)
})

test('one model a dataset, for vectors too', async () => {
  const { db, docs } = await lettersCollection()
  await docs.upsert([{ id: 'a', content: 'a' }])
  const other = new Collection(db, {
    table: 'docs',
    dataset: 'd',
    embed: embedLetters(),
    model: 'x',
  })
  const refused = { code: 'VEC_MODEL' }
  await assert.rejects(other.query({ vector: [1, 0, 0] }), refused)
  await assert.rejects(other.query({ text: 'a' }), refused)
  assert.throws(() => other.upsertSync([{ id: 'b', vector: [1, 0, 0] }]), refused)
})

test('a collection of a table that is dropped and made again goes on', async () => {
  const { db, docs } = await lettersCollection()
  await docs.upsert([{ id: 'a', content: 'aab' }])
  db.exec('DROP TABLE docs; DROP TABLE _vec_docs')
  assert.throws(() => docs.count(), { code: 'VEC_SHADOW' })
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=euclidean)')
  upsertShadowDocuments(db, '_vec_docs', 'd', [{ id: 'b', embedding: [3, 4] }])
  assert.deepEqual(docs.querySync({ vector: [0, 0] }).hits, [
    { id: 'b', score: -4, distance: 5, content: null, meta: null },
  ])
  db.exec('CREATE TABLE plain(x); CREATE VIEW seen AS SELECT 1')
  for (const table of ['plain', 'seen', '_vec_docs']) {
    const wrong = new Collection(db, { table, dataset: 'd' })
    assert.throws(() => wrong.count(), { code: 'VEC_SHADOW', message: /not a vec table/ })
  }
})
