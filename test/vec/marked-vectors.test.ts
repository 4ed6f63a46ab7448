import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import { refused } from '../refusal.ts'

function rows(db: Connection, sql: string): unknown[][] {
  using select = db.prepare(sql).raw()
  return select.all() as unknown[][]
}

/** The same vector: text, float32, and as two functions mark it. */
const ALIKE = [`vec_f32('[3, -4]')`, `vec_f16('[3, -4]')`, `vec_int8('[3, -4]')`]

test('vec_cosine, vec_l1 and vec_l2 read the numbers of marked vectors', async () => {
  using db = await open(':memory:')
  for (const other of ALIKE) {
    for (const [a, b] of [
      [other, `vec_f32('[1, 0]')`],
      [`vec_f32('[1, 0]')`, other],
      [`vec_f16('[1, 0]')`, other],
    ]) {
      const measured = rows(
        db,
        `SELECT vec_cosine(${a}, ${b}), vec_l1(${a}, ${b}), vec_l2(${a}, ${b})`,
      )
      assert.deepEqual(measured, [[0.6, 6, Math.sqrt(20)]], `${a}, ${b}`)
    }
    assert.deepEqual(rows(db, `SELECT vec_l1(NULL, ${other}), vec_l2(${other}, x'')`), [
      [null, null],
    ])
  }
  for (const name of ['vec_cosine', 'vec_l1', 'vec_l2']) {
    refused(
      () => rows(db, `SELECT ${name}(vec_bit(x'0f0f0f0f'), vec_f32('[1]'))`),
      'VEC_EMBEDDING',
      'bit vector',
    )
  }
})

test('vec_f32 and vec_quantize_int8 read the numbers of a float16 vector', async () => {
  using db = await open(':memory:')
  const sql = `SELECT vec_json(vec_f32(vec_f16('[1, 0.1]'))), vec_type(vec_f32(vec_f16('[1]'))),
    vec_json(vec_quantize_int8(vec_f16('[-1, 0.5]'), 'unit'))`
  assert.deepEqual(rows(db, sql), [['[1,0.099975586]', 'float32', '[-128,63]']])
  // Of int8 it takes the bytes, as sqlite-vec does.
  assert.deepEqual(rows(db, `SELECT hex(vec_f32(vec_int8('[1, 2, 3, 4]')))`), [['01020304']])
})

test('vec_hybrid searches for the numbers of a marked vector', async () => {
  using db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, text=content);
    INSERT INTO docs(dataset_id, doc_id, content, embedding) VALUES
      ('a', 'x', 'cold water', '[1, 0]'), ('a', 'y', 'water', '[3, -4]'), ('a', 'z', 'tea', '[0, 1]')`)
  const search = (vector: string): unknown[][] =>
    rows(
      db,
      `SELECT doc_id, vector_rank, text_rank, match_score FROM docs
       WHERE dataset_id = 'a' AND docs MATCH vec_hybrid(${vector}, 'water')`,
    )
  const expected = search(`'[3, -4]'`)
  assert.deepEqual(
    expected.map(([id]) => id),
    ['y', 'x', 'z'],
  )
  for (const vector of ALIKE) assert.deepEqual(search(vector), expected, vector)
  refused(() => search(`vec_bit(x'0f0f0f0f')`), 'VEC_EMBEDDING', 'bit vector')
})

test('vectors that are sorted on the way keep their numbers as float32', async () => {
  using db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, type=f16);
    CREATE TABLE halves(id TEXT, v BLOB);
    INSERT INTO halves VALUES ('p', vec_f16('[0.25, 0.5]')), ('o', vec_f16('[0.1, 1]'));
    INSERT INTO docs(dataset_id, doc_id, embedding)
      SELECT 'a', id, vec_f32(vec_f16(v)) FROM halves ORDER BY id`)
  const same = 'SELECT count(*) FROM _vec_docs JOIN halves USING (id) WHERE v = embedding'
  assert.deepEqual(rows(db, same), [[2]])
})
