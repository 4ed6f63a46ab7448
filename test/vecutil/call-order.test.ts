import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import {
  Collection,
  deleteShadowDocuments,
  upsertShadowDocument,
  upsertShadowDocuments,
  upsertVirtualTableDocument,
  type TextDocument,
} from '../../src/entries/vecutil.ts'
import { SlowModel } from './slow-model.ts'

let db: Connection

let waiting: SlowModel['waiting']
let options: { embed: SlowModel['embed']; model: string }

const upsert = (...documents: TextDocument[]) =>
  upsertShadowDocuments(db, '_vec_docs', 'd', documents, options)
const remove = (...ids: string[]) => deleteShadowDocuments(db, '_vec_docs', 'd', ids)
const rows = (): unknown[] =>
  db
    .prepare(
      'SELECT id, content, meta, vec_json(embedding) AS vector, embedding_model AS model FROM _vec_docs ORDER BY id',
    )
    .raw()
    .all()
const contents = (): unknown[] =>
  db.prepare('SELECT id, content FROM _vec_docs ORDER BY id').raw().all()

/** Whether something was noted ever, and the notes that are kept. */
const noted = (): unknown =>
  db
    .prepare("SELECT count(*) FROM temp.sqlite_temp_schema WHERE name LIKE '%overtaken%'")
    .pluck()
    .get()
const notes = (): number =>
  db.prepare('SELECT count(*) FROM temp."sqlite-vec-ts overtaken"').pluck().get() as number

function startModel(): void {
  const model = new SlowModel()
  waiting = model.waiting
  options = { embed: model.embed, model: 'm' }
}

function undo(): never {
  throw new Error('undone')
}

beforeEach(async () => {
  db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  startModel()
})

test('the call made last wins, whichever embedding comes back first', async () => {
  for (const order of [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]) {
    startModel()
    const calls = [
      upsert({ id: 'a', content: 'one' }),
      upsert({ id: 'a', content: 'second' }),
      upsert({ id: 'a', content: 'the last' }),
    ]
    for (const at of order) await waiting[at].answer()
    assert.deepEqual(await Promise.all(calls), [1, 1, 1])
    assert.deepEqual(rows(), [['a', 'the last', null, '[8,116]', 'm']])
    remove('a')
  }
})

test('it wins for each document, in different batches and by different functions', async () => {
  const collection = new Collection(db, { table: 'docs', dataset: 'd', ...options })
  const calls = [
    collection.upsertDocumentsText([
      { id: 'a', content: 'a1' },
      { id: 'b', content: 'b1' },
    ]),
    upsertShadowDocument(db, '_VEC_docs', 'd', { id: 'b', content: 'b2' }, options),
    upsertVirtualTableDocument(db, 'docs', 'd', { id: 'c', content: 'c3' }, options),
    upsert({ id: 'c', content: 'c4' }, { id: 'a', content: 'a4' }),
  ]
  for (const at of [3, 1, 2, 0]) await waiting[at].answer()
  assert.deepEqual(await Promise.all(calls), [2, 1, 1, 2])
  assert.deepEqual(contents(), [
    ['a', 'a4'],
    ['b', 'b2'],
    ['c', 'c4'],
  ])
})

test('documents of other datasets, tables and connections are others', async () => {
  db.exec('CREATE VIRTUAL TABLE more USING vec(doc_id)')
  const old = upsert({ id: 'a', content: 'old' })
  upsertShadowDocument(db, '_vec_docs', 'e', { id: 'a', content: 'other dataset' })
  upsertShadowDocument(db, '_vec_more', 'd', { id: 'a', content: 'other table' })
  using another = await open(':memory:')
  another.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  upsertShadowDocument(another, '_vec_docs', 'd', { id: 'a', content: 'other connection' })
  await waiting[0].answer()
  assert.equal(await old, 1)
  assert.deepEqual(
    db.prepare("SELECT content FROM _vec_docs WHERE dataset_id = 'd'").pluck().all(),
    ['old'],
  )
})

test('a later upsert that needs no embedding wins, in the fields that it has', async () => {
  const old = upsert({ id: 'a', content: 'old', meta: 'old' }, { id: 'b', content: 'b' })
  upsertShadowDocument(db, '_vec_docs', 'd', { id: 'a', meta: 'new' })
  await waiting[0].answer()
  await old
  assert.deepEqual(rows(), [
    ['a', 'old', 'new', '[3,111]', 'm'],
    ['b', 'b', null, '[1,98]', 'm'],
  ])
  const again = upsert({ id: 'a', content: 'again' })
  upsertShadowDocument(db, '_vec_docs', 'd', { id: 'a', embedding: [9, 9] })
  await waiting[1].answer()
  await again
  assert.deepEqual(rows()[0], ['a', 'again', 'new', '[9,9]', 'm'])
})

test('a document that is deleted meanwhile stays deleted, also one that was not there', async () => {
  upsertShadowDocument(db, '_vec_docs', 'd', { id: 'a', content: 'there' })
  const calls = [
    upsert({ id: 'a', content: 'late' }, { id: 'b', content: 'late' }, { id: 'c', content: 'c' }),
  ]
  assert.equal(remove('a', 'b'), 1)
  await waiting[0].answer()
  assert.deepEqual(await Promise.all(calls), [3])
  assert.deepEqual(contents(), [['c', 'c']])
})

test('a delete in between: what is upserted after it comes back', async () => {
  const old = upsert({ id: 'a', content: 'old', meta: 'old' })
  remove('a')
  const fresh = upsert({ id: 'a', content: 'fresh' })
  await waiting[1].answer()
  await waiting[0].answer()
  await Promise.all([old, fresh])
  assert.deepEqual(rows(), [['a', 'fresh', null, '[5,102]', 'm']])
})

test('a later call that fails, or is aborted, counts for nothing', async () => {
  const stop = new AbortController()
  const old = upsert({ id: 'a', content: 'old' })
  const failing = upsert({ id: 'a', content: 'failing' })
  const aborted = upsertShadowDocuments(db, '_vec_docs', 'd', [{ id: 'a', content: 'aborted' }], {
    ...options,
    signal: stop.signal,
  })
  const refused = [
    assert.rejects(failing, /model server is gone/),
    assert.rejects(aborted, { name: 'AbortError' }),
  ]
  stop.abort()
  await waiting[1].fail()
  await waiting[2].answer()
  await waiting[0].answer()
  await Promise.all([old, ...refused])
  assert.deepEqual(contents(), [['a', 'old']])
})

test('a later call that cannot be written counts for nothing', async () => {
  const old = upsert({ id: 'a', content: 'old' })
  await assert.rejects(
    async () =>
      upsertShadowDocuments(db, '_vec_docs', 'd', [
        { id: 'a', embedding: [1, 2] },
        { id: 'b', embedding: [1] },
      ]),
    { code: 'VEC_DIMENSION' },
  )
  await waiting[0].answer()
  assert.equal(await old, 1)
  assert.deepEqual(contents(), [['a', 'old']])
})

test('a later call in a transaction counts when that commits, not when it is rolled back', async () => {
  const write = (content: string) =>
    upsertShadowDocument(db, '_vec_docs', 'd', { id: 'a', content, embedding: [1, 1] })
  const failing = (work: () => void) =>
    assert.throws(
      () =>
        db.transaction(() => {
          work()
          undo()
        })(),
      /undone/,
    )
  const first = upsert({ id: 'a', content: 'first' })
  failing(() => write('rolled back'))
  failing(() => void remove('a'))
  await waiting[0].answer()
  await first
  assert.deepEqual(contents(), [['a', 'first']])

  const second = upsert({ id: 'a', content: 'second' })
  db.transaction(() => {
    failing(() => write('of a savepoint that is rolled back'))
    upsertShadowDocument(db, '_vec_docs', 'd', { id: 'b', content: 'b' })
  })()
  await waiting[1].answer()
  await second
  assert.deepEqual(contents(), [
    ['a', 'second'],
    ['b', 'b'],
  ])

  const third = upsert({ id: 'a', content: 'third' })
  db.transaction(() => write('committed'))()
  await waiting[2].answer()
  await third
  assert.deepEqual(contents(), [
    ['a', 'committed'],
    ['b', 'b'],
  ])

  // The table of notes itself was made in the transaction that was rolled back.
  using other = await open(':memory:')
  other.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  const fourth = upsertShadowDocument(
    other,
    '_vec_docs',
    'd',
    { id: 'a', content: 'fourth' },
    options,
  )
  other.exec('BEGIN')
  deleteShadowDocuments(other, '_vec_docs', 'd', ['a'])
  other.exec('ROLLBACK')
  await waiting[3].answer()
  await fourth
  assert.equal(other.prepare('SELECT content FROM _vec_docs').pluck().get(), 'fourth')
})

test('a new document of a call that waits can be completed by one without content', async () => {
  const text = upsert({ id: 'a', content: 'text' })
  const meta = upsert({ id: 'a', meta: 'meta' })
  // Nothing to embed: it is written at once.
  assert.equal(await meta, 0)
  await waiting[0].answer()
  await text
  assert.deepEqual(rows(), [['a', 'text', 'meta', '[4,116]', 'm']])
})

test('nothing is kept of calls that ended, and nothing is made where calls do not overlap', async () => {
  for (let n = 0; n < 20; n++) {
    const call = upsert({ id: `${n}`, content: 'x' })
    await waiting[n].answer()
    await call
    remove(`${n}`)
  }
  assert.equal(noted(), 0)
  for (let n = 0; n < 50; n++) {
    const from = waiting.length
    const calls = Array.from({ length: 4 }, (_, at) => upsert({ id: 'a', content: `${n} ${at}` }))
    const all = Promise.allSettled(calls)
    for (const at of [3, 1, 0]) await waiting[from + at].answer()
    await (n % 2 === 0 ? waiting[from + 2].answer() : waiting[from + 2].fail())
    await all
    assert.ok(notes() <= 4, `${notes()} notes after ${n} rounds`)
  }
  // A call that never ends keeps notes of its own documents alone.
  void upsert({ id: 'a', content: 'for ever' })
  for (let n = 0; n < 50; n++) upsertShadowDocument(db, '_vec_docs', 'd', { id: `${n}`, meta: 'x' })
  assert.ok(notes() <= 4)
})
