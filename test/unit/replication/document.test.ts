import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  dimensionOf,
  documentFromPayload,
  documentFromRow,
  idForMessage,
  idFromRow,
  Rejection,
} from '../../../src/replication/document.ts'
import { assertNames, refused } from '../../refusal.ts'

const ROW = {
  id: 'a',
  content: 'c',
  meta: '{}',
  embedding: null,
  embedding_model: 'm',
  archived: 0,
}
const PAYLOAD = { dataset_id: 'd', id: 'a', content: 'c', embedding: '0000803f' }

const fromPayload = (fields: object): unknown =>
  documentFromPayload(JSON.stringify({ ...PAYLOAD, ...fields }), 'd', 'a')

function rejects(run: () => unknown, ...names: (string | number)[]): void {
  assert.throws(run, error => {
    assert.ok(error instanceof Rejection, String(error))
    assertNames(error.message, ...names)
    return true
  })
}

test('a row is read, text as text or as UTF-8 bytes', () => {
  const expected = {
    id: 'ä',
    content: 'c',
    meta: '{}',
    embedding: null,
    embeddingModel: 'm',
    archived: 0,
  }
  assert.deepEqual(documentFromRow({ ...ROW, id: 'ä' }), expected)
  assert.deepEqual(
    documentFromRow({ ...ROW, id: Buffer.from('ä'), content: Buffer.from('c') }),
    expected,
  )
})

test('archived is a whole number, however a driver gives it', () => {
  for (const [value, archived] of [
    [null, 0],
    [false, 0],
    [true, 1],
    [2, 2],
    [3n, 3],
    ['-1', -1],
  ] as const) {
    assert.equal(documentFromRow({ ...ROW, archived: value }).archived, archived)
  }
  for (const value of [0.5, 'yes', 2n ** 60n, Buffer.from('1')]) {
    rejects(() => documentFromRow({ ...ROW, archived: value }), 'archived')
  }
})

test('a value of the wrong kind names its column', () => {
  rejects(() => documentFromRow({ ...ROW, content: 5 }), 'content')
  rejects(() => documentFromRow({ ...ROW, embedding: 'text' }), 'embedding')
  rejects(() => documentFromRow({ ...ROW, meta: Buffer.from([0xff]) }), 'UTF-8')
  rejects(() => documentFromRow({ ...ROW, embedding: Buffer.alloc(6) }), 6, 4)
})

test('a row without a column, or without an id, is a garbled answer', () => {
  const { content, ...without } = ROW
  assert.equal(content, 'c')
  refused(() => documentFromRow(without), 'SYNC_TRANSPORT', 'content')
  refused(() => idFromRow({ id: null }), 'SYNC_TRANSPORT', 'id')
})

test('a payload is read: hex digits as bytes, what is absent as NULL', () => {
  assert.deepEqual(fromPayload({}), {
    id: 'a',
    content: 'c',
    meta: null,
    embedding: Buffer.from([0, 0, 128, 63]),
    embeddingModel: null,
    archived: 0,
  })
  assert.deepEqual(
    documentFromPayload(Buffer.from(JSON.stringify(PAYLOAD)), 'd', 'a'),
    fromPayload({}),
  )
})

test('a payload that refers to the row holds no document', () => {
  assert.equal(documentFromPayload('{"ref":1}', 'd', 'a'), undefined)
})

test('a payload of another document or dataset is refused with its name', () => {
  rejects(() => fromPayload({ id: 'b' }), '"b"')
  rejects(() => fromPayload({ dataset_id: 'e' }), '"e"')
})

test('what is not a JSON object in UTF-8 is refused', () => {
  for (const payload of ['', '{', '[]', 'null', '"a"', Buffer.from([0x22, 0xff, 0x22])]) {
    rejects(() => documentFromPayload(payload, 'd', 'a'))
  }
})

test('hex digits come in pairs, and make whole floats', () => {
  for (const embedding of ['0', '0g', '0000803f ', 5, '0000']) {
    rejects(() => fromPayload({ embedding }), 'embedding')
  }
})

test('a dimension is known of a row with a vector', () => {
  const document = documentFromRow({ ...ROW, embedding: Buffer.alloc(12) })
  assert.equal(dimensionOf(document), 3)
  assert.equal(dimensionOf({ ...document, embedding: null }), undefined)
  assert.equal(dimensionOf({ ...document, embedding: new Uint8Array() }), undefined)
})

test('an id in a message is readable, whatever its bytes', () => {
  assert.equal(idForMessage({ id: Buffer.from([0x61, 0xff]) }), 'a\ufffd')
  assert.equal(idForMessage({ id: 'a' }), 'a')
})
