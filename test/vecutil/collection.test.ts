import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import { Collection, embedEach, upsertShadowDocuments } from '../../src/entries/vecutil.ts'

let db: Connection
let embedded: string[]

/** Counts of three letters. */
const embed = embedEach(async text => {
  embedded.push(text)
  return ['a', 'b', 'c'].map(letter => text.split(letter).length - 1)
})
const collection = (model = 'letters', f = embed) =>
  new Collection(db, { table: 'docs', dataset: 'd', embed: f, model })

beforeEach(async () => {
  db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  embedded = []
})

test('an embed function that answers wrongly is refused and nothing is written', async () => {
  const documents = [
    { id: '1', content: 'a' },
    { id: '2', content: 'b' },
  ]
  const wrong: [number[][], RegExp][] = [
    [[[1]], /1 vector for 2 texts: .*one vector per text/],
    [[[1], [1, 2]], /of 1 and of 2 dimensions/],
    [[[1], [NaN]], /is NaN/],
    [[[], []], /vector 0 of the embed function is empty/],
  ]
  for (const [vectors, message] of wrong) {
    await assert.rejects(
      collection('m', async () => vectors).upsertDocumentsText(documents),
      message,
    )
  }
  assert.equal(db.prepare('SELECT count(*) FROM _vec_docs').pluck().get(), 0)
})

test('a collection without a table, dataset, model or embed function is refused', () => {
  const options = { table: 'docs', dataset: 'd', embed, model: 'm' }
  for (const name of ['table', 'dataset', 'model']) {
    for (const value of ['', undefined, 5]) {
      assert.throws(() => new Collection(db, { ...options, [name]: value }), {
        name: 'TypeError',
        message: new RegExp(`options.${name} is .*: expected a non-empty string`),
      })
    }
  }
  assert.throws(() => new Collection(db, { ...options, embed: 'x' as unknown as typeof embed }), {
    name: 'TypeError',
    message: /embed\b.*"x".*\bfunction\b/,
  })
  const missing = new Collection(db, { ...options, table: 'none' })
  assert.throws(() => missing.deleteDocuments(['a']), { code: 'VEC_SHADOW' })
})

test('texts are found with score, content and meta; deleted ones are not', async () => {
  const texts = collection()
  await texts.upsertDocumentsText([
    { id: '1', content: 'aa', meta: '{"n":1}' },
    { id: '2', content: 'b' },
  ])
  assert.deepEqual(await texts.queryText('a', 1), [
    { id: '1', score: 1, content: 'aa', meta: '{"n":1}' },
  ])
  assert.equal(texts.deleteDocuments(['1', 'none']), 1)
  assert.deepEqual(
    (await texts.queryText('a', 5)).map(hit => hit.id),
    ['2'],
  )
})

test('unchanged content is not embedded again, its meta is written', async () => {
  const texts = collection()
  await texts.upsertDocumentsText([{ id: '1', content: 'a' }])
  embedded = []
  const count = await texts.upsertDocumentsText([
    { id: '1', content: 'a', meta: 'new' },
    { id: '2', content: 'b' },
  ])
  assert.equal(count, 1)
  assert.deepEqual(embedded, ['b'])
  assert.equal(db.prepare("SELECT meta FROM _vec_docs WHERE id = '1'").pluck().get(), 'new')
})

test('two models in one dataset are an error that names both', async () => {
  await collection('old').upsertDocumentsText([{ id: '1', content: 'a' }])
  const both = { code: 'VEC_MODEL', message: /'new'.*'old'/ }
  await assert.rejects(collection('new').upsertDocumentsText([{ id: '2', content: 'b' }]), both)
  await assert.rejects(collection('new').queryText('a', 1), both)
})

test('an aborted signal stops before anything is embedded', async () => {
  await assert.rejects(
    collection().upsertDocumentsText([{ id: '1', content: 'a' }], { signal: AbortSignal.abort() }),
    { name: 'AbortError' },
  )
  assert.deepEqual(embedded, [])
})

test('many documents are written all or none', () => {
  const documents = Array.from({ length: 1000 }, (_, i) => ({ id: `${i}`, embedding: [i, 1] }))
  upsertShadowDocuments(db, '_vec_docs', 'd', documents)
  assert.equal(db.prepare('SELECT count(*) FROM _vec_docs').pluck().get(), 1000)
  assert.throws(
    () =>
      upsertShadowDocuments(db, '_vec_docs', 'd', [
        { id: 'x', embedding: [1, 2] },
        { id: 'y', embedding: [1, 2, 3] },
      ]),
    { code: 'VEC_DIMENSION' },
  )
  assert.equal(db.prepare('SELECT count(*) FROM _vec_docs').pluck().get(), 1000)
})

test('the id column of the vec table may have any name', async () => {
  db.exec('CREATE VIRTUAL TABLE pages USING vec("page id")')
  const pages = new Collection(db, { table: 'pages', dataset: 'd', embed, model: 'letters' })
  await pages.upsertDocumentsText([{ id: 'p1', content: 'aab' }])
  const hits = await pages.queryText('aab', 1)
  assert.deepEqual(
    hits.map(({ id, content }) => [id, content]),
    [['p1', 'aab']],
  )
})

test('a table without embedding_model is refused with the statement that mends it', async () => {
  db.exec(
    'CREATE TABLE _vec_plain(dataset_id TEXT, id TEXT, content TEXT, meta TEXT, embedding BLOB, PRIMARY KEY(dataset_id, id))',
  )
  db.exec('CREATE VIRTUAL TABLE plain USING vec(doc_id)')
  const plain = new Collection(db, { table: 'plain', dataset: 'd', embed, model: 'letters' })
  const refused = { code: 'VEC_SHADOW', hint: /ADD COLUMN embedding_model/ }
  await assert.rejects(plain.upsertDocumentsText([{ id: '1', content: 'a' }]), refused)
  await assert.rejects(plain.queryText('a', 1), refused)
  db.exec('ALTER TABLE _vec_plain ADD COLUMN embedding_model TEXT')
  assert.equal(await plain.upsertDocumentsText([{ id: '1', content: 'a' }]), 1)
})
