import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ALL_FIELDS,
  FIELDS,
  fieldsOf,
  readShadowDocument,
  readShadowDocuments,
  readTextDocument,
  readTextDocuments,
  withoutFields,
} from '../../../src/documents/document-fields.ts'
import { refused } from '../../refusal.ts'

const bytes = (...numbers: number[]): Uint8Array =>
  new Uint8Array(Float32Array.from(numbers).buffer)

test('a field that is absent is not written, null erases', () => {
  assert.deepEqual(readShadowDocument({ id: 'a' }, 'document').fields, {})
  assert.deepEqual(readShadowDocument({ id: 'a', meta: undefined }, 'document').fields, {})
  assert.deepEqual(
    readShadowDocument({ id: 'a', content: null, embedding: null, model: null }, 'document').fields,
    { content: null, embedding: null, embedding_model: null },
  )
})

test('an embedding is given as numbers or as its bytes, and stored as bytes', () => {
  for (const embedding of [
    [1, 0.5],
    Float32Array.of(1, 0.5),
    Float64Array.of(1, 0.5),
    bytes(1, 0.5),
  ]) {
    const { fields } = readShadowDocument({ id: 'a', embedding }, 'document')
    assert.deepEqual(fields.embedding, bytes(1, 0.5))
  }
})

const badDocument = (document: unknown, ...names: string[]): unknown =>
  refused(() => readShadowDocument(document, 'documents[3]'), 'TypeError', ...names)

test('a wrong document, id or field is refused by name', () => {
  for (const document of [null, 'a', 5, ['a'], Promise.resolve({ id: 'a' })]) {
    badDocument(document, 'documents[3]')
  }
  badDocument({}, 'documents[3]', 'undefined')
  badDocument({ id: 5 }, 'documents[3]', '5')
  badDocument({ id: 'a', content: 5 }, 'content', "'a'")
  badDocument({ id: 'a', meta: {} }, 'meta', "'a'")
  badDocument({ id: 'a', embedding: 'text' }, 'embedding', "'a'")
  refused(() => readShadowDocument({ id: '' }, 'documents[3]'), 'RangeError', 'documents[3]')
  refused(
    () => readShadowDocument({ id: 'a', embedding: [NaN] }, 'document'),
    'VEC_EMBEDDING',
    "'a'",
  )
})

test('of a list each document is named by its place', () => {
  refused(() => readShadowDocuments([{ id: 'a' }, {}]), 'TypeError', 'documents[1]')
  for (const list of [undefined, 'ab', { id: 'a' }, new Map()]) {
    refused(() => readShadowDocuments(list), 'TypeError', 'documents')
  }
})

test('of two texts with one id the last counts in each field that it has', () => {
  const documents = [
    { id: 'a', content: 'one', meta: 'm' },
    { id: 'b' },
    { id: 'a', content: 'two' },
  ]
  assert.deepEqual(readTextDocuments(documents), [
    { id: 'a', content: 'two', meta: 'm' },
    { id: 'b' },
  ])
})

test('a text that is embedded cannot bring its embedding', () => {
  refused(
    () => readTextDocument({ id: 'a', content: 'x', embedding: [1] }, 'document'),
    'TypeError',
    "'a'",
    'embed',
  )
})

test('each field has a bit of its own', () => {
  const write = readShadowDocument(
    { id: 'a', content: 'x', meta: null, embedding: [1], model: 'm' },
    'd',
  )
  assert.equal(fieldsOf({ ...write, columns: { year: 1 } }), ALL_FIELDS)
  const bits = FIELDS.map(field => fieldsOf({ id: 'a', fields: { [field]: null } }))
  assert.deepEqual(bits, [1, 2, 4, 8])
  assert.equal(fieldsOf({ id: 'a', fields: {} }), 0)
  const columns = { year: 1 }
  assert.equal(fieldsOf({ id: 'a', fields: {}, columns }), 16)
  assert.deepEqual(withoutFields({ id: 'a', fields: { meta: 'm' }, columns }, 2), {
    id: 'a',
    columns,
    fields: {},
  })
  assert.deepEqual(withoutFields({ id: 'a', fields: { meta: 'm' }, columns }, 16), {
    id: 'a',
    fields: { meta: 'm' },
  })
  assert.equal(withoutFields({ id: 'a', fields: {}, columns }, 16), undefined)
})

test('a write loses the fields of a mask, and is gone with its last one', () => {
  const write = readShadowDocument({ id: 'a', content: 'x', meta: 'm' }, 'document')
  assert.equal(withoutFields(write, 0), write)
  assert.deepEqual(withoutFields(write, 1), { id: 'a', fields: { meta: 'm' } })
  assert.deepEqual(withoutFields(write, 4), write)
  assert.equal(withoutFields(write, 3), undefined)
})
