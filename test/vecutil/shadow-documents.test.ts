import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import {
  embedEach,
  matchText,
  upsertShadowDocument,
  upsertShadowDocuments,
  upsertVirtualTableDocument,
} from '../../src/entries/vecutil.ts'

let db: Connection
let calls: string[][]

/** Counts of three letters. */
const letters = (text: string) => ['a', 'b', 'c'].map(letter => text.split(letter).length - 1)
const embed = async (texts: readonly string[]) => {
  calls.push([...texts])
  return texts.map(letters)
}
const stored = (sql: string) => db.prepare(sql).raw().all()

beforeEach(async () => {
  db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  calls = []
})

test('what cannot be written is refused before anything is embedded', async () => {
  const write = (document: unknown, model = 'letters', shadow = '_vec_docs') =>
    upsertShadowDocument(db, shadow, 'd', document as { id: string; content: string }, {
      embed,
      model,
    })
  await assert.rejects(
    write({ id: '', content: 'a' }),
    /the id of document is '': expected a non-empty string/,
  )
  await assert.rejects(write({ content: 'a' }), /\bid\b.*\bundefined\b/)
  await assert.rejects(write({ id: '1' }), {
    name: 'RangeError',
    message: /\bcontent\b.*'1'.*\bundefined\b/,
  })
  await assert.rejects(write({ id: '1', content: 5 }), {
    name: 'TypeError',
    message: /\bcontent\b.*'1'.*\b5\b/,
  })
  await assert.rejects(write({ id: '1', content: 'a' }, 'letters', 'none'), { code: 'VEC_SHADOW' })
  upsertShadowDocument(db, '_vec_docs', 'd', { id: 'old', embedding: [1, 2, 3], model: 'old' })
  await assert.rejects(write({ id: '1', content: 'a' }), {
    code: 'VEC_MODEL',
    message: /'letters'.*'old'/,
  })
  await assert.rejects(matchText(db, 'docs', 'd', embed, 'a', { model: 'letters' }), {
    code: 'VEC_MODEL',
    message: /'letters'.*'old'/,
  })
  await assert.rejects(matchText(db, 'docs', 'd', embed, 'a', { limit: -1 }), RangeError)
  await assert.rejects(matchText(db, 'none', 'd', embed, 'a'), { code: 'VEC_SHADOW' })
  assert.deepEqual(calls, [])
})

test('an embed function that is none is refused', async () => {
  const options = { embed: undefined as unknown as typeof embed }
  await assert.rejects(
    upsertShadowDocuments(db, '_vec_docs', 'd', [{ id: '1', content: 'a' }], options),
    { name: 'TypeError', message: /\bembed\b.*\bundefined\b/ },
  )
})

test('contents are embedded in one call and found by matchText, by the names of the original', async () => {
  const options = { embed, model: 'letters' }
  const documents = [
    { id: '1', content: 'aab' },
    { id: '2', content: 'bbc', meta: '{"n":2}' },
  ]
  assert.equal(await upsertShadowDocuments(db, '_vec_docs', 'd', documents, options), 2)
  assert.equal(
    await upsertVirtualTableDocument(db, 'docs', 'd', { id: '3', content: 'c' }, options),
    1,
  )
  assert.deepEqual(calls, [['aab', 'bbc'], ['c']])
  assert.deepEqual(stored('SELECT id, content, meta, embedding_model FROM _vec_docs'), [
    ['1', 'aab', null, 'letters'],
    ['2', 'bbc', '{"n":2}', 'letters'],
    ['3', 'c', null, 'letters'],
  ])
  assert.deepEqual(await matchText(db, 'docs', 'd', embed, 'bc'), ['2', '3', '1'])
  assert.deepEqual(await matchText(db, 'docs', 'd', embed, 'bc', { limit: 1, model: 'letters' }), [
    '2',
  ])
  assert.deepEqual(await matchText(db, 'docs', 'elsewhere', embed, 'bc'), [])
})

test('without the name of a model contents are compared alone, also in a table without the column', async () => {
  db.exec(
    'CREATE TABLE _vec_plain(dataset_id TEXT, id TEXT, content TEXT, meta TEXT, embedding BLOB, PRIMARY KEY(dataset_id, id))',
  )
  db.exec('CREATE VIRTUAL TABLE plain USING vec(doc_id)')
  for (const table of ['plain', 'docs']) {
    calls = []
    const write = (content: string) =>
      upsertVirtualTableDocument(db, table, 'd', { id: '1', content }, { embed })
    assert.deepEqual([await write('a'), await write('a'), await write('b')], [1, 0, 1])
    assert.deepEqual(calls, [['a'], ['b']])
  }
  await assert.rejects(
    upsertShadowDocument(db, '_vec_plain', 'd', { id: '1', content: 'b' }, { embed, model: 'm' }),
    { code: 'VEC_SHADOW', hint: /ADD COLUMN embedding_model/ },
  )
})

test('no transaction is open while texts are embedded, and an abort leaves nothing behind', async () => {
  const stop = new AbortController()
  const slow = embedEach(async text => {
    assert.equal(db.inTransaction, false)
    if (text === 'b') stop.abort()
    return letters(text)
  })
  const documents = ['a', 'b', 'c'].map(content => ({ id: content, content }))
  const options = { embed: slow, model: 'letters' }
  await assert.rejects(
    upsertShadowDocuments(db, '_vec_docs', 'd', documents, { ...options, signal: stop.signal }),
    { name: 'AbortError' },
  )
  assert.deepEqual(stored('SELECT id FROM _vec_docs'), [])
  assert.equal(await upsertShadowDocuments(db, '_vec_docs', 'd', documents, options), 3)
})

test('an embedding that is text, or no float32, is not taken for that of its content', async () => {
  db.exec(
    "INSERT INTO _vec_docs(dataset_id, id, content, embedding) VALUES ('d', '1', 'a', 'aaaaaaaaaaaa')",
  )
  assert.equal(
    await upsertShadowDocument(db, '_vec_docs', 'd', { id: '1', content: 'a' }, { embed }),
    1,
  )
  assert.deepEqual(await matchText(db, 'docs', 'd', embed, 'a'), ['1'])
  db.exec("UPDATE _vec_docs SET embedding = x'00000000000000' WHERE id = '1'")
  assert.equal(
    await upsertShadowDocument(db, '_vec_docs', 'd', { id: '1', content: 'a' }, { embed }),
    1,
  )
})
