import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import { Store } from '../../src/entries/vector.ts'
import { refused } from '../refusal.ts'

let db: Connection
let store: Store

beforeEach(async () => {
  db = await open(':memory:', { register: false })
  store = new Store(db)
})

test('documents are found nearest first, with what was stored', () => {
  const ids = store.addDocuments([
    { id: 'x', content: 'right', metadata: '{"n":1}', embedding: [1, 0] },
    { id: 'y', content: 'up', embedding: [0, 1] },
    { id: 'none' },
  ])
  assert.deepEqual(ids, ['x', 'y', 'none'])
  assert.deepEqual(store.similaritySearch([3, 4], 5), [
    { id: 'y', content: 'up', metadata: null, score: 0.8 },
    { id: 'x', content: 'right', metadata: '{"n":1}', score: 0.6 },
  ])
  assert.deepEqual(
    store.similaritySearch([3, 4], 1).map(({ id }) => id),
    ['y'],
  )
})

test('a document without an id gets one of its own', () => {
  const [a, b, c] = store.addDocuments([{}, { id: '' }, { embedding: [1] }])
  assert.equal(new Set([a, b, c]).size, 3)
  assert.deepEqual(
    store.similaritySearch([1], 9).map(({ id }) => id),
    [c],
  )
})

test('an id that is there already takes the whole batch back', () => {
  store.addDocuments([{ id: 'x', embedding: [1] }])
  refused(
    () => store.addDocuments([{ id: 'y', embedding: [1] }, { id: 'x' }]),
    'SQLITE_CONSTRAINT',
    'docs.id',
  )
  assert.deepEqual(
    store.similaritySearch([1], 9).map(({ id }) => id),
    ['x'],
  )
})

test('remove tells whether there was one, and the document leaves the results', () => {
  store.addDocuments([{ id: 'x', embedding: [1] }])
  assert.equal(store.remove('x'), true)
  assert.equal(store.remove('x'), false)
  assert.deepEqual(store.similaritySearch([1], 9), [])
  assert.throws(() => store.remove(''), RangeError)
})

test('a zero query and k of 0 find nothing; a bad k is refused', () => {
  store.addDocuments([{ id: 'x', embedding: [1] }])
  assert.deepEqual(store.similaritySearch([0], 3), [])
  assert.deepEqual(store.similaritySearch([1], 0), [])
  assert.throws(() => store.similaritySearch([1], -1), RangeError)
  assert.throws(() => store.similaritySearch([1], 1.5), RangeError)
})

test('documents of another dimension are passed over, unless there are no others', () => {
  store.addDocuments([{ id: 'x', embedding: [1, 0] }])
  refused(() => store.similaritySearch([1], 1), 'VEC_DIMENSION', 'query dim 1 != document dim 2')
  store.addDocuments([{ id: 'y', embedding: [2] }])
  assert.deepEqual(
    store.similaritySearch([1], 9).map(({ id }) => id),
    ['y'],
  )
})

test('equal scores are ordered by id', () => {
  store.addDocuments(['c', 'a', 'ä', 'b'].map(id => ({ id, embedding: [1, 1] })))
  assert.deepEqual(
    store.similaritySearch([1, 1], 3).map(({ id }) => id),
    ['a', 'b', 'c'],
  )
})

test('an embedding that is text, or no float32, is passed over, whatever its length', () => {
  store.addDocuments([{ id: 'a', embedding: [1, 0] }])
  db.exec(
    `INSERT INTO docs(id, embedding) VALUES ('text', '8 bytes!'), ('number', 12345678), ('odd', x'00000000000000')`,
  )
  assert.deepEqual(
    store.similaritySearch([1, 1], 5).map(hit => hit.id),
    ['a'],
  )
  assert.throws(() => store.similaritySearch([1, 1, 1], 5), {
    code: 'VEC_DIMENSION',
    message: /query dim 3 != document dim 2/,
  })
})
