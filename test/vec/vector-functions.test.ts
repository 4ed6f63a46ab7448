import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import {
  encodeEmbedding,
  open,
  VERSION,
  type BindValue,
  type Connection,
} from '../../src/entries/main.ts'
import { refused } from '../refusal.ts'

let db: Connection

before(async () => {
  db = await open(':memory:')
})

const value = (sql: string, ...params: BindValue[]): unknown =>
  db
    .prepare(`SELECT ${sql}`)
    .pluck()
    .get(...params)
const e = (...numbers: number[]): Uint8Array => encodeEmbedding(numbers)

test('vec_f32, vec_to_json and vec_length take text and BLOB', () => {
  assert.deepEqual(value("vec_f32('[1, 2]')"), e(1, 2))
  assert.deepEqual(value('vec_f32(?)', e(1, 2)), e(1, 2))
  assert.equal(value('vec_to_json(?)', e(0.1, -2)), '[0.100000,-2.000000]')
  assert.equal(value("vec_length('[1 2, .3]')"), 3)
  refused(() => value('vec_length(NULL)'), 'VEC_EMBEDDING', 'found NULL', 'bind a Float32Array')
  refused(() => value("vec_f32('nonsense')"), 'VEC_EMBEDDING', "does not start with '['")
  refused(() => value('vec_f32(?)', new Uint8Array(3)), 'VEC_EMBEDDING', 'divisible by 4, found 3')
})

test('vec_to_json loses no digit of an embedding column, whatever reads it', () => {
  db.exec('CREATE VIRTUAL TABLE exact USING vec(id)')
  const embedding = Float32Array.of(0.1, 1 / 3, 1e-9)
  const insert = db.prepare('INSERT INTO exact(dataset_id, id, embedding) VALUES (?, ?, ?)')
  insert.run('a', '1', embedding)
  insert.run('a', '2', null)
  const all = (sql: string): unknown[] => db.prepare(sql).pluck().all()
  const exact = '[0.1,0.33333334,1e-9]'
  const where = "FROM exact WHERE dataset_id = 'a' AND id = '1'"
  assert.deepEqual(all(`SELECT vec_to_json(embedding) ${where}`), [exact])
  assert.deepEqual(
    all(`SELECT vec_to_json(embedding) FROM exact WHERE dataset_id = 'a' AND id MATCH '[1, 1, 1]'`),
    [exact],
  )
  // A value of sqlite-vec's is printed as there, also one that is made of an embedding.
  assert.deepEqual(all(`SELECT vec_to_json(vec_f32(embedding)) ${where}`), [
    '[0.100000,0.333333,0.000000]',
  ])
  assert.deepEqual(all(`SELECT vec_type(embedding) || vec_length(embedding) ${where}`), [
    'float323',
  ])
  assert.deepEqual(
    all(`SELECT vec_distance_l2(embedding, '[0.1, 0.33333334, 1e-9]') ${where}`),
    [0],
  )
  assert.deepEqual(
    all(`SELECT value FROM exact, vec_each(embedding) WHERE dataset_id = 'a' AND id = '1'`),
    [...embedding],
  )
  assert.deepEqual(all(`SELECT json_array(vec_to_json(embedding)) ${where}`), [`[${exact}]`])
  refused(
    () => all("SELECT vec_to_json(embedding) FROM exact WHERE dataset_id = 'a' AND id = '2'"),
    'VEC_EMBEDDING',
    'found NULL',
  )
})

test('vec_json loses no digit, and is JSON whatever a vector holds', () => {
  const floats = Float32Array.of(0.1, 1e-9, 3.4028234663852886e38, -0, NaN, Infinity)
  const json = value('vec_json(?)', floats) as string
  assert.equal(json, '[0.1,1e-9,3.4028235e+38,-0,null,null]')
  assert.deepEqual(
    Float32Array.from(JSON.parse(json) as number[]).subarray(0, 4),
    floats.subarray(0, 4),
  )
  assert.equal(value("vec_json(vec_int8('[1, -2]'))"), '[1,-2]')
  assert.equal(value("vec_json(vec_bit(x'03'))"), '[1,1,0,0,0,0,0,0]')
  assert.equal(value("json_array(vec_json('[0.5]'))"), '[[0.5]]')
  assert.equal(value('vec_json(NULL)'), null)
})

test('vec_to_json writes infinities as sqlite-vec does, which no JSON parser reads', () => {
  assert.equal(value("vec_to_json('[inf, -inf, nan]')"), '[Inf,-Inf,null]')
})

test('vec_normalize gives length 1, and NaN of a vector of length zero', () => {
  assert.deepEqual(value("vec_normalize('[3, 4]')"), e(0.6, 0.8))
  assert.equal(value("vec_json(vec_normalize('[0, 0]'))"), '[null,null]')
})

test('vec_distance_cosine and vec_distance_l2 take text and BLOB', () => {
  assert.equal(value("vec_distance_l2('[0, 0]', ?)", e(3, 4)), 5)
  assert.equal(value("vec_distance_cosine('[1, 0]', '[0, 1]')"), 1)
  assert.equal(value("vec_distance_cosine('[1, 0]', '[0, 0]')"), null)
  refused(
    () => value("vec_distance_l2('[1]', '[1, 2]')"),
    'VEC_DIMENSION',
    'First vector has 1 dimensions, while the second has 2 dimensions',
    'the same model',
  )
})

test('vec_version tells the version of the package', () => {
  assert.equal(value('vec_version()'), `v${VERSION}`)
})

test('functions of vectors can stand in an index and in a view', () => {
  db.exec(
    'CREATE TABLE t(e); CREATE INDEX lengths ON t(vec_length(e)); CREATE VIEW v AS SELECT vec_json(e) AS j FROM t',
  )
  db.prepare('INSERT INTO t VALUES (?)').run(e(1))
  assert.equal(db.prepare('SELECT j FROM v').pluck().get(), '[1]')
})

test('vec_invalidate forgets the index of a slice, and the next answer is right', () => {
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  db.exec("INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('d', 'x', vec_f32('[1, 0]'))")
  const search = (): unknown =>
    db
      .prepare("SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH '[1, 0]'")
      .pluck()
      .all()
  assert.deepEqual(search(), ['x'])
  for (const name of ['docs', '_vec_docs', 'main._vec_docs']) {
    assert.equal(value('vec_invalidate(?, ?)', name, 'd'), 1)
    assert.deepEqual(search(), ['x'])
  }
  assert.equal(value("vec_invalidate('docs', 'other')"), 0)
  assert.equal(value("vec_invalidate('docs', '')"), 1)
  assert.equal(value("vec_invalidate('nowhere._vec_docs', 'd')"), 0)
  assert.equal(value("vec_invalidate(NULL, 'd')"), 0)
})
