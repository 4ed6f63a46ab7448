import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { cosine } from '../../src/core/similarity.ts'
import {
  encodeEmbedding,
  insertMany,
  open,
  type BindValue,
  type Connection,
} from '../../src/entries/main.ts'
import { refused } from '../refusal.ts'

let db: Connection

beforeEach(async () => {
  db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  const insert = db.prepare('INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES (?, ?, ?)')
  insert.run('d', 'x', encodeEmbedding([1, 0]))
  insert.run('d', 'y', encodeEmbedding([0, 1]))
})

function ask(where: string, ...params: BindValue[]): unknown[] {
  return db
    .prepare(`SELECT doc_id FROM docs WHERE ${where}`)
    .pluck()
    .all(...params)
}

const MATCH = "dataset_id = 'd' AND doc_id MATCH ?"
const bytes = (...numbers: number[]): Uint8Array =>
  new Uint8Array(Float32Array.from(numbers).buffer)

test('a query of wrong length is refused with its length', () => {
  refused(
    () => ask(MATCH, new Uint8Array(5)),
    'VEC_EMBEDDING',
    'length 5',
    'multiple of 4',
    'float32',
  )
})

test('an empty query is refused with both dimensions', () => {
  refused(
    () => ask(MATCH, new Uint8Array(0)),
    'VEC_DIMENSION',
    'query dim 0 != index dim 2',
    'query',
  )
})

test('a query of another dimension is refused with both dimensions, the dataset and the table', () => {
  refused(
    () => ask(MATCH, bytes(1, 2, 3)),
    'VEC_DIMENSION',
    'query dim 3 != index dim 2',
    "dataset 'd' of main._vec_docs",
    'query',
  )
})

test('a query of another dimension is refused with an id pre-filter too', () => {
  refused(
    () => ask(`${MATCH} AND doc_id = 'x'`, bytes(1, 2, 3)),
    'VEC_DIMENSION',
    'query dim 3 != index dim 2',
  )
})

for (const number of [NaN, Infinity, -Infinity]) {
  test(`a query with ${number} in it is refused with the place`, () => {
    refused(
      () => ask(MATCH, bytes(1, number)),
      'VEC_EMBEDDING',
      `number 1 of the embedding is ${number}`,
      'finite',
      'check',
    )
  })
}

test('a NULL query is refused', () => {
  refused(
    () => ask(MATCH, null),
    'VEC_QUERY',
    'dataset_id and MATCH arguments are required',
    'cannot be NULL',
  )
})

test('a query that is a number is refused with what it is', () => {
  refused(
    () => ask(MATCH, 5),
    'VEC_QUERY',
    'expected MATCH arg as BLOB or string, got int64',
    'BLOB of float32',
  )
  refused(() => ask(MATCH, 1.5), 'VEC_QUERY', 'got float64')
})

test('dataset_id missing is refused, with MATCH and without', () => {
  refused(
    () => ask('doc_id MATCH ?', bytes(1, 0)),
    'VEC_QUERY',
    'vec: dataset_id constraint is required with MATCH',
    "WHERE dataset_id = '...'",
  )
  refused(
    () => db.prepare('SELECT doc_id FROM docs').all(),
    'VEC_QUERY',
    'vec: dataset_id constraint required',
    "WHERE dataset_id = '...'",
  )
})

test('dataset_id NULL is refused, with MATCH and without', () => {
  refused(
    () => ask('dataset_id = ? AND doc_id MATCH ?', null, bytes(1, 0)),
    'VEC_QUERY',
    'required',
    'cannot be NULL',
  )
  refused(
    () => ask('dataset_id = ?', null),
    'VEC_QUERY',
    'vec: dataset_id argument is required',
    'dataset',
  )
})

test('dataset_id blank is refused with MATCH', () => {
  refused(
    () => ask("dataset_id = '  ' AND doc_id MATCH ?", bytes(1, 0)),
    'VEC_QUERY',
    'dataset_id is required',
    'dataset',
  )
})

test('an unknown dataset is empty', () => {
  assert.deepEqual(ask("dataset_id = 'nowhere' AND doc_id MATCH ?", bytes(1, 0)), [])
  assert.deepEqual(ask("dataset_id = 'nowhere'"), [])
})

for (const [what, k, tells] of [
  ['negative', -1, 'got -1'],
  ['fractional', 1.5, 'got 1.5'],
  ['text', 'ten', "got text 'ten'"],
  ['NULL', null, 'got NULL'],
] as const) {
  test(`k that is ${what} is refused`, () => {
    refused(() => ask(`${MATCH} AND k = ?`, bytes(1, 0), k), 'VEC_QUERY', 'k', tells, 'k')
  })
}

test('k of 0 and beyond the dataset are no errors', () => {
  assert.deepEqual(ask(`${MATCH} AND k = 0`, bytes(1, 0)), [])
  assert.deepEqual(ask(`${MATCH} AND k = 1000`, bytes(1, 0)), ['x', 'y'])
  assert.deepEqual(ask(`${MATCH} AND k = ?`, bytes(1, 0), 2n ** 62n), ['x', 'y'])
})

for (const text of ['hello', 'hello, world', '[1,2', '1;2', '{"a":1}', '[1,"2"]', '1,2e99']) {
  test(`MATCH ${JSON.stringify(text)} is refused with the formats there are`, () => {
    refused(
      () => ask(MATCH, text),
      'VEC_EMBEDDING',
      /MATCH (string|float)/,
      'BLOB',
      'base64',
      '[0.1, 0.2]',
    )
  })
}

test('MATCH with empty text is refused', () => {
  refused(() => ask(MATCH, ' '), 'VEC_EMBEDDING', 'MATCH string is empty', 'BLOB')
})

test('a score bound that is NULL, a blob or no number is refused', () => {
  refused(
    () => ask(`${MATCH} AND match_score >= ?`, bytes(1, 0), null),
    'VEC_QUERY',
    'unsupported score type <nil>',
    'number',
  )
  refused(
    () => ask(`${MATCH} AND distance < ?`, bytes(1, 0), bytes(1)),
    'VEC_QUERY',
    'unsupported distance type []uint8',
    'number',
  )
  refused(
    () => ask(`${MATCH} AND match_score >= 'abc'`, bytes(1, 0)),
    'VEC_QUERY',
    'cannot parse score "abc"',
    'number',
  )
})

test('rows whose embedding is no vector are skipped, never fatal', () => {
  const insert = db.prepare('INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES (?, ?, ?)')
  insert.run('d', 'nan', bytes(NaN, 1))
  insert.run('d', 'infinite', bytes(1, Infinity))
  insert.run('d', 'odd', new Uint8Array(7))
  insert.run('d', 'longer', bytes(1, 0, 0))
  insert.run('d', 'empty', new Uint8Array(0))
  insert.run('d', 'null', null)
  insert.run('d', 'number', 12)
  assert.deepEqual(ask(MATCH, bytes(1, 0)), ['x', 'y'])
  assert.deepEqual(ask(`${MATCH} AND doc_id IN ('nan', 'odd', 'longer', 'y')`, bytes(1, 0)), ['y'])
  assert.deepEqual(ask(`${MATCH} AND doc_id = 'longer'`, bytes(1, 0)), [])
  assert.equal(ask("dataset_id = 'd'").length, 9)
})

test('among many rows those that are no vectors are left out, and no other', () => {
  const vectors = Array.from({ length: 3000 }, (_, i) => {
    const special = i % 7 === 3 || (i > 1500 && i < 1530)
    return Float32Array.of(special ? [NaN, -Infinity][i % 2] : Math.cos(i), Math.sin(i))
  })
  insertMany(
    db,
    '_vec_docs',
    ['dataset_id', 'id', 'embedding'],
    vectors.map((v, i) => ['many', `id ${i}`, bytes(...v)]),
  )
  for (const i of [0, 3, 1502, 1529, 2999]) {
    const query = Float32Array.of(Math.cos(i), Math.sin(i))
    const expected = vectors
      .map((v, at) => ({ id: `id ${at}`, similarity: cosine(query, v) }))
      .filter(({ similarity }) => Number.isFinite(similarity))
      .toSorted((a, b) => b.similarity - a.similarity)
      .slice(0, 5)
    const sql = "dataset_id = 'many' AND doc_id MATCH ? LIMIT 5"
    assert.deepEqual(
      ask(sql, bytes(...query)),
      expected.map(({ id }) => id),
    )
  }
})

test('a dataset whose first rows are no vectors takes its dimension from the first that is', () => {
  const insert = db.prepare('INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES (?, ?, ?)')
  insert.run('e', '1', bytes(NaN, 1, 1))
  insert.run('e', '2', new Uint8Array(5))
  insert.run('e', '3', bytes(1, 0))
  assert.deepEqual(ask("dataset_id = 'e' AND doc_id MATCH ?", bytes(1, 0)), ['3'])
})
