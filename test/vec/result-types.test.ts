import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { encodeEmbedding, open, type Connection, type SqlValue } from '../../src/entries/main.ts'
import { refused } from '../refusal.ts'

let db: Connection

before(async () => {
  db = await open(':memory:')
})

const one = (sql: string, ...values: (SqlValue | Float32Array)[]): SqlValue =>
  db
    .prepare(sql)
    .pluck()
    .get(...values) as SqlValue

/** Pairs whose results are whole, zero, negative, and such that rounding takes a cosine past 1. */
const PAIRS: readonly (readonly [string, number[], number[]])[] = [
  ['equal', [3, 4], [3, 4]],
  ['at a right angle', [1, 0], [0, 2]],
  ['opposite', [1, 2], [-1, -2]],
  ['scaled', [1, 2, 3], [10, 20, 30]],
  ['at a whole distance', [0, 0], [0, 2]],
  ['zero', [0, 0], [0, 0]],
  ['equal, whose cosine is 1.0000000000000002', [0.1, 0.7], [0.1, 0.7]],
  ['opposite, whose cosine is -1.0000000000000002', [0.1, 0.7], [-0.1, -0.7]],
  ['huge', [1e38, 1e38], [1e38, 1e38]],
  ['tiny', [1e-44, 0], [1e-44, 0]],
]

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  vec_cosine: [-1, 1],
  vec_l2: [0, Infinity],
  // Float32 arithmetic, not clamped: the rounding of sqlite-vec.
  vec_distance_cosine: [-1e-6, 2 + 1e-6],
  vec_distance_l2: [0, Infinity],
}

for (const [name, [least, most]] of Object.entries(RANGES)) {
  for (const [what, a, b] of PAIRS) {
    test(`${name} of vectors that are ${what} is REAL, from ${least} to ${most}`, () => {
      const given = [encodeEmbedding(a), encodeEmbedding(b)] as const
      const call = (): SqlValue => one(`SELECT typeof(${name}(?, ?))`, ...given)
      const isZero = [a, b].some(vector => vector.every(x => x === 0))
      if (name === 'vec_cosine' && isZero) {
        refused(call, 'VEC_EMBEDDING', 'zero-magnitude')
        return
      }
      // A vector of length zero has no direction, nor one whose squares leave the range of float32.
      if (name === 'vec_distance_cosine' && (isZero || ['huge', 'tiny'].includes(what))) {
        assert.equal(call(), 'null')
        return
      }
      assert.equal(call(), 'real')
      const result = one(`SELECT ${name}(?, ?)`, ...given) as number
      assert.ok(result >= least && result <= most, String(result))
    })
  }
}

test('a whole distance divides as a REAL', () => {
  assert.equal(one("SELECT 1 / (1 + vec_distance_l2('[0,0]', '[0,2]'))"), 1 / 3)
})

/** A sum in double over float32 numbers, as the library takes it. */
function dot(x: number[], y: number[]): number {
  return x.reduce((sum, xi, i) => sum + Math.fround(xi) * Math.fround(y[i]), 0)
}

function rawCosine(a: number[], b: number[]): number {
  return dot(a, b) / (Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b)))
}

test('a cosine that rounding takes past 1 was among the pairs', () => {
  const all = PAIRS.map(([, a, b]) => rawCosine(a, b))
  assert.ok(all.some(cosine => cosine > 1))
  assert.ok(all.some(cosine => cosine < -1))
})

test('every function tells the type that docs/sql.md promises', () => {
  const e = encodeEmbedding([3, 4])
  assert.deepEqual(
    db
      .prepare(
        `SELECT typeof(vec_f32(?1)), typeof(vec_to_json(?1)), typeof(vec_length(?1)), typeof(vec_normalize(?1)),
           typeof(vec_version()), typeof(vec_invalidate('t', 'a'))`,
      )
      .raw()
      .get(e),
    ['blob', 'text', 'integer', 'blob', 'text', 'integer'],
  )
})

for (const metric of ['cosine', 'l2', 'dot']) {
  for (const [what, a, b] of PAIRS) {
    test(`match_score and distance by ${metric} of vectors that are ${what} are REAL`, () => {
      db.exec(
        `DROP TABLE IF EXISTS docs; DROP TABLE IF EXISTS _vec_docs; CREATE VIRTUAL TABLE docs USING vec(id, metric=${metric})`,
      )
      db.prepare("INSERT INTO docs(dataset_id, id, embedding) VALUES ('a', '1', ?)").run(
        encodeEmbedding(b),
      )
      const query = `FROM docs WHERE dataset_id = 'a' AND id MATCH ?`
      const types = db
        .prepare(`SELECT typeof(match_score), typeof(distance) ${query}`)
        .raw()
        .all(encodeEmbedding(a))
      const isZero = [a, b].some(vector => vector.every(x => x === 0))
      if (isZero && metric === 'cosine') {
        assert.deepEqual(types, [])
        return
      }
      assert.deepEqual(types, [['real', 'real']])
      const distance = one(`SELECT distance ${query}`, encodeEmbedding(a)) as number
      if (metric !== 'dot') assert.ok(distance >= 0, String(distance))
      if (metric === 'cosine') assert.ok(distance <= 2, String(distance))
      // What is shown is what a bound compares with.
      for (const bound of [`distance = ${distance}`, 'distance >= 0', 'distance <= 2']) {
        const expected = one(`SELECT ? ${bound.replace('distance', '')}`, distance)
        assert.equal(one(`SELECT count(*) ${query} AND ${bound}`, encodeEmbedding(a)), expected)
      }
    })
  }
}
