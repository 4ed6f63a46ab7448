import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import {
  Collection,
  matchText,
  upsertShadowDocument,
  upsertShadowDocuments,
  upsertVirtualTableDocument,
  type ShadowDocument,
  type TextDocument,
} from '../../src/entries/vecutil.ts'

let db: Connection
let embedded: string[]

const embed = async (texts: readonly string[]) => {
  embedded.push(...texts)
  return texts.map(text => [text.length, 1])
}
const options = { embed, model: 'm' }

const row = (id = 'a') =>
  db
    .prepare(
      'SELECT content, meta, vec_json(embedding) AS embedding, embedding_model AS model FROM _vec_docs WHERE id = ?',
    )
    .get(id)

const whole = { content: 'four', meta: '{"n":1}', embedding: '[4,1]', model: 'm' }

beforeEach(async () => {
  db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  upsertShadowDocument(db, '_vec_docs', 'd', { id: 'a', ...whole, embedding: [4, 1] })
  embedded = []
})

/** The forms that take documents with their vectors. */
const SHADOW: Readonly<Record<string, (document: ShadowDocument) => unknown>> = {
  upsertShadowDocument: document => upsertShadowDocument(db, '_vec_docs', 'd', document),
  upsertShadowDocuments: document => upsertShadowDocuments(db, '_vec_docs', 'd', [document]),
  upsertVirtualTableDocument: document => upsertVirtualTableDocument(db, 'docs', 'd', document),
}

for (const [name, upsert] of Object.entries(SHADOW)) {
  describe(name, () => {
    test('an absent field keeps what is stored, whichever one is given', () => {
      upsert({ id: 'a' })
      assert.deepEqual(row(), whole)
      upsert({ id: 'a', meta: '{"n":2}' })
      assert.deepEqual(row(), { ...whole, meta: '{"n":2}' })
      upsert({ id: 'a', content: 'other' })
      assert.deepEqual(row(), { ...whole, content: 'other', meta: '{"n":2}' })
      upsert({ id: 'a', embedding: [1, 2] })
      assert.deepEqual(row(), { content: 'other', meta: '{"n":2}', embedding: '[1,2]', model: 'm' })
      upsert({
        id: 'a',
        content: undefined,
        meta: undefined,
        embedding: undefined,
        model: undefined,
      })
      assert.deepEqual(row(), { content: 'other', meta: '{"n":2}', embedding: '[1,2]', model: 'm' })
    })

    test('null erases its field, and no other', () => {
      upsert({ id: 'a', meta: null })
      assert.deepEqual(row(), { ...whole, meta: null })
      upsert({ id: 'a', embedding: null })
      assert.deepEqual(row(), { ...whole, meta: null, embedding: null })
      upsert({ id: 'a', content: null, model: null })
      assert.deepEqual(row(), { content: null, meta: null, embedding: null, model: null })
    })

    test('a new document has NULL where a field is absent', () => {
      upsert({ id: 'b', meta: 'x' })
      assert.deepEqual(row('b'), { content: null, meta: 'x', embedding: null, model: null })
      upsert({ id: 'c' })
      assert.deepEqual(row('c'), { content: null, meta: null, embedding: null, model: null })
    })
  })
}

/** The forms that embed. */
const TEXT: Readonly<Record<string, (document: TextDocument) => Promise<number>>> = {
  upsertShadowDocument: document => upsertShadowDocument(db, '_vec_docs', 'd', document, options),
  upsertShadowDocuments: document =>
    upsertShadowDocuments(db, '_vec_docs', 'd', [document], options),
  upsertVirtualTableDocument: document =>
    upsertVirtualTableDocument(db, 'docs', 'd', document, options),
  'Collection.upsertDocumentsText': document =>
    new Collection(db, { table: 'docs', dataset: 'd', ...options }).upsertDocumentsText([document]),
}

for (const [name, upsert] of Object.entries(TEXT)) {
  describe(`${name} with embed`, () => {
    test('a change of meta alone embeds nothing and keeps the vector', async () => {
      assert.equal(await upsert({ id: 'a', meta: '{"n":2}' }), 0)
      assert.deepEqual(embedded, [])
      assert.deepEqual(row(), { ...whole, meta: '{"n":2}' })
    })

    test('a change of content alone embeds it and keeps the meta', async () => {
      assert.equal(await upsert({ id: 'a', content: 'longer' }), 1)
      assert.deepEqual(row(), { ...whole, content: 'longer', embedding: '[6,1]' })
    })

    test('null as meta erases it, null as content erases the vector, too', async () => {
      assert.equal(await upsert({ id: 'a', content: 'four', meta: null }), 0)
      assert.deepEqual(row(), { ...whole, meta: null })
      assert.equal(await upsert({ id: 'a', content: null }), 0)
      assert.deepEqual(row(), { content: null, meta: null, embedding: null, model: null })
      assert.deepEqual(await matchText(db, 'docs', 'd', embed, 'four'), [])
    })

    test('a new document without content is refused, and nothing is embedded', async () => {
      await assert.rejects(upsert({ id: 'b', meta: 'x' }), {
        name: 'RangeError',
        message: /\bcontent\b.*'b'.*\bundefined\b/,
      })
      assert.deepEqual(embedded, [])
    })

    test('a document with an embedding of its own is refused', async () => {
      const both = { id: 'a', content: 'x', embedding: [1, 2] }
      await assert.rejects(upsert(both), { name: 'TypeError', message: /\bembedding\b/ })
    })
  })
}

test('of two documents with one id the last one counts, in each field that it has', async () => {
  const write = [
    { id: 'a', content: 'first', meta: 'old' },
    { id: 'b', content: 'b' },
    { id: 'a', meta: 'new' },
  ]
  assert.equal(await upsertShadowDocuments(db, '_vec_docs', 'd', write, options), 2)
  assert.deepEqual(row(), { content: 'first', meta: 'new', embedding: '[5,1]', model: 'm' })
  upsertShadowDocuments(db, '_vec_docs', 'd', [
    { id: 'a', content: 'x', embedding: [1, 1] },
    { id: 'a', meta: null },
  ])
  assert.deepEqual(row(), { content: 'x', meta: null, embedding: '[1,1]', model: 'm' })
})

test('a table whose embedding cannot be NULL takes a change of meta, too', () => {
  db.exec(
    `CREATE TABLE _vec_strict(dataset_id TEXT, id TEXT, content TEXT NOT NULL, meta TEXT, embedding BLOB NOT NULL, scn INTEGER NOT NULL, PRIMARY KEY(dataset_id, id)) WITHOUT ROWID`,
  )
  const write = (document: ShadowDocument) => upsertShadowDocument(db, '_vec_strict', 'd', document)
  write({ id: 'a', content: 'text', embedding: [1, 2] })
  write({ id: 'a', meta: 'seen' })
  const read = () =>
    db.prepare('SELECT content, meta, vec_json(embedding), scn FROM _vec_strict').raw().all()
  assert.deepEqual(read(), [['text', 'seen', '[1,2]', 0]])
  assert.throws(() => write({ id: 'b', meta: 'x' }), { code: 'SQLITE_CONSTRAINT' })
  assert.throws(() => write({ id: 'a', model: 'm' }), { code: 'VEC_SHADOW', hint: /ADD COLUMN/ })
})

test('the dimension of a dataset is that of the rule of the vec table', () => {
  const write = (id: string, embedding: number[]) =>
    upsertShadowDocument(db, '_vec_docs', 'd', { id, embedding })
  const refused = {
    code: 'VEC_DIMENSION',
    message: /\b3\b.*'d'.*\b2\b/,
  }
  assert.throws(() => write('b', [1, 2, 3]), refused)
  // Its own old vector does not count: nothing else holds the dataset to two numbers.
  write('a', [1, 2, 3])
  write('b', [1, 2, 3])
  assert.throws(() => write('a', [1, 2]), { code: 'VEC_DIMENSION' })
  // Archived rows, empty ones and NaN do not count.
  db.exec("UPDATE _vec_docs SET archived = 1 WHERE id = 'a'; DELETE FROM _vec_docs WHERE id = 'b'")
  db.exec(
    "INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('d', 'nan', x'0000C07F'), ('d', 'none', x'')",
  )
  write('c', [1, 2, 3, 4])
})

test('a name of a model without an embedding holds no dataset to it', () => {
  upsertShadowDocument(db, '_vec_docs', 'd', { id: 'a', embedding: null })
  upsertShadowDocument(db, '_vec_docs', 'd', { id: 'b', embedding: [1, 2], model: 'other' })
  assert.throws(
    () => upsertShadowDocument(db, '_vec_docs', 'd', { id: 'c', embedding: [1, 2], model: 'm' }),
    { code: 'VEC_MODEL', message: /'m'.*'other'/ },
  )
})

test('the shadow table is found as SQL finds it: any case, attached, never a virtual one', () => {
  upsertShadowDocument(db, '_VEC_DOCS', 'd', { id: 'a', meta: 'case' })
  assert.deepEqual(row(), { ...whole, meta: 'case' })
  db.exec(
    "ATTACH ':memory:' AS other; CREATE TABLE other._vec_far AS SELECT * FROM _vec_docs WHERE 0",
  )
  db.exec('CREATE UNIQUE INDEX other.far_key ON _vec_far(dataset_id, id)')
  upsertShadowDocument(db, '_vec_far', 'd', { id: 'x', embedding: [1] })
  assert.equal(db.prepare('SELECT id FROM other._vec_far').pluck().get(), 'x')
  assert.throws(() => upsertShadowDocument(db, 'docs', 'd', { id: 'x' }), {
    code: 'VEC_SHADOW',
    message: /\bdocs\b.*\bvirtual\b/,
    hint: /shadowTableName\('docs'\)/,
  })
  assert.throws(() => upsertShadowDocument(db, 'none', 'd', { id: 'x' }), { code: 'VEC_SHADOW' })
})
