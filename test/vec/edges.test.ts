import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { open, type Connection, type Metric } from '../../src/entries/main.ts'
import { Model, type Scored } from './model.ts'

// Ties and vectors of length zero at the very edge of a bound, for each metric, index, and way a search can take.

const METRICS: readonly Metric[] = ['cosine', 'euclidean', 'dot', 'manhattan']
const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-edges-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Rows in one plane: three at one point, three in one direction, three of length zero, some on the other side. */
const POINTS: readonly (readonly [number, number])[] = [
  [1, 0],
  [1, 0],
  [1, 0],
  [2, 0],
  [0, 0],
  [0, 0],
  [0, -0],
  [3, 4],
  [3, -4],
  [-1, 0],
  [-1, 0],
  [-2, 0],
  [0, 1],
]
const QUERIES: readonly (readonly [number, number])[] = [
  [1, 0],
  [0, 0],
  [-3, 0],
  [0.5, 0.5],
]

/** How the rows are found; `dim` and `fillers` make an index keep codes instead of floats. */
interface Way {
  readonly name: string
  readonly index: 'auto' | 'brute' | 'cover'
  readonly dim: number
  readonly fillers: number
  /** Where the rows are when they are asked for. */
  readonly rows: 'committed' | 'uncommitted' | 'half' | 'unkeyed' | 'attached' | 'reopened'
}

const small = { dim: 2, fillers: 0 }
const large = { dim: 100, fillers: 2700 }
const WAYS: readonly Way[] = [
  { name: 'floats in memory', index: 'brute', ...small, rows: 'committed' },
  { name: 'all rows uncommitted', index: 'brute', ...small, rows: 'uncommitted' },
  { name: 'half of the rows uncommitted', index: 'brute', ...small, rows: 'half' },
  { name: 'a cover tree', index: 'cover', ...small, rows: 'committed' },
  { name: 'a cover tree, half of the rows uncommitted', index: 'cover', ...small, rows: 'half' },
  { name: 'auto', index: 'auto', ...small, rows: 'committed' },
  { name: 'the table itself', index: 'brute', ...small, rows: 'unkeyed' },
  { name: 'an attached file by dbpath', index: 'brute', ...small, rows: 'attached' },
  { name: 'codes', index: 'brute', ...large, rows: 'committed' },
  { name: 'codes, half of the rows uncommitted', index: 'brute', ...large, rows: 'half' },
  { name: 'codes from the file', index: 'brute', ...large, rows: 'reopened' },
  { name: 'a large tree', index: 'cover', ...large, rows: 'half' },
]

for (const metric of METRICS) {
  for (const way of WAYS) {
    if (way.index === 'cover' && metric === 'dot') continue
    test(`rows at the edge of a bound: ${metric}, ${way.name}`, async () => {
      const { db, model } = await filled(metric, way)
      using _ = db
      for (const query of QUERIES) checkEdges(db, model, wide(query, way.dim))
    })
  }
}

async function filled(metric: Metric, way: Way): Promise<{ db: Connection; model: Model }> {
  const { dim, fillers, index, rows } = way
  const model = new Model(metric, dim, false)
  const name = `${metric}-${way.name.replaceAll(' ', '-')}`
  const file = rows === 'reopened' ? join(folder, `${name}.sqlite`) : ':memory:'
  let db = await open(file)
  let dbpath = ''
  let schema = 'main'
  if (rows === 'attached') {
    const other = join(folder, `${name}-other.sqlite`)
    ;(await open(other)).exec('CREATE TABLE there(x)').close()
    db.exec(`ATTACH '${other}' AS other`)
    dbpath = `, dbpath='${other}'`
    schema = 'other'
  }
  if (rows === 'unkeyed') {
    // Made before the vec table would ask for a key, and without one since: no journal can be trusted.
    db.exec(`CREATE TABLE _vec_docs(dataset_id TEXT, id TEXT, content TEXT, meta TEXT, embedding BLOB);
      CREATE UNIQUE INDEX only_now ON _vec_docs(dataset_id, id)`)
  }
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=${metric}, index=${index}${dbpath})`)
  if (rows === 'unkeyed') db.exec('DROP INDEX only_now')
  const put = db.prepare(
    `INSERT INTO ${schema}._vec_docs(dataset_id, id, embedding) VALUES ('a', ?, ?)`,
  )
  const insert = (id: string, vector: Float32Array): void => {
    const embedding = new Uint8Array(vector.buffer.slice(0))
    put.run(id, embedding)
    model.put({ dataset: 'a', id, embedding, archived: 0, content: null, meta: '' })
  }
  const points = POINTS.map(
    (point, i) => [`p${(i * 7) % POINTS.length}`, wide(point, dim)] as const,
  )
  const later = rows === 'uncommitted' ? points.length : rows === 'half' ? points.length / 2 : 0
  db.transaction(() => {
    // One row that is always committed says which dimension the dataset has.
    insert('first', wide([-7, 7], dim))
    for (let n = 0; n < fillers; n++) insert(`f${n}`, wide([-9, (n % 50) / 10 + n / 1e5], dim))
    for (const [id, vector] of points.slice(Math.ceil(later))) insert(id, vector)
  })()
  const one = db.prepare(
    `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? LIMIT 1`,
  )
  assert.ok(one.get(wide([1, 1], dim)))
  if (rows === 'reopened') {
    db.close()
    db = await open(file)
  } else if (later > 0) {
    db.exec('BEGIN')
    for (const [id, vector] of points.slice(0, Math.ceil(later))) insert(id, vector)
  }
  return { db, model }
}

function wide(point: readonly [number, number], dim: number): Float32Array {
  const vector = new Float32Array(dim)
  vector[0] = point[0]
  vector[dim - 1] = point[1]
  return vector
}

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
}

function ids(rows: readonly Scored[]): string {
  return rows.map(({ row }) => row.id).join(' ')
}

/** Each value that a row has as bound, in each comparison, with few and with all rows wanted. */
function checkEdges(db: Connection, model: Model, query: Float32Array): void {
  const all = model.search(['a'], query)
  const near = new Set(all.slice(0, 20).map(row => row.similarity))
  const edges = all.filter(row => near.delete(row.similarity))
  const ask = (condition: string, ...params: number[]): string => {
    const sql = `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? ${condition}`
    return (
      db
        .prepare(sql)
        .pluck()
        .all(query, ...params) as string[]
    ).join(' ')
  }
  for (const k of [1, 3, 10]) assert.equal(ask('LIMIT ?', k), ids(all.slice(0, k)))
  for (const edge of edges) {
    for (const [column, value] of [
      ['distance', edge.distance],
      ['match_score', edge.score],
    ] as const) {
      const own = column === 'distance' ? 'distance' : 'score'
      for (const [sign, holds] of Object.entries(COMPARISONS)) {
        const expected = all.filter(row => holds(row[own], value))
        for (const k of [1, 2, 4]) {
          assert.equal(
            ask(`AND ${column} ${sign} ? LIMIT ?`, value, k),
            ids(expected.slice(0, k)),
            `${column} ${sign} ${value} LIMIT ${k} of [${query[0]}, ..., ${query.at(-1)}]`,
          )
        }
      }
    }
  }
}

test('a query of length zero is an ordinary point, except for cosine', async () => {
  using db = await open(':memory:')
  for (const metric of METRICS) {
    db.exec(`CREATE VIRTUAL TABLE z_${metric} USING vec(doc_id, metric=${metric});
      INSERT INTO z_${metric}(dataset_id, doc_id, embedding) VALUES
        ('a', 'far', '[3, 4]'), ('a', 'zero', '[0, 0]'), ('a', 'near', '[0, 1]')`)
  }
  const found = METRICS.map(metric =>
    db
      .prepare(
        `SELECT doc_id, distance FROM z_${metric} WHERE dataset_id = 'a' AND doc_id MATCH '[0, 0]'`,
      )
      .raw()
      .all(),
  )
  assert.deepEqual(found, [
    [],
    [
      ['zero', 0],
      ['near', 1],
      ['far', 5],
    ],
    [
      ['far', 0],
      ['near', 0],
      ['zero', 0],
    ],
    [
      ['zero', 0],
      ['near', 1],
      ['far', 7],
    ],
  ])
})

test('a query of length zero and another dimension is refused as any other', async () => {
  using db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id);
    INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'x', '[1, 2]')`)
  const search = db.prepare(`SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ?`)
  assert.throws(() => search.all('[0, 0, 0]'), { code: 'VEC_DIMENSION' })
})

test('a refused row with narrow bounds hides no row behind one with wide bounds', async () => {
  // Codes of `wide` are coarse, as one number is large: its bounds reach above all others, its similarity does not.
  const dim = 100
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=dot, index=brute)')
  const put = db.prepare(`INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', ?, ?)`)
  const vector = (first: number, rest: (i: number) => number): Float32Array =>
    Float32Array.from({ length: dim }, (_, i) => (i === 0 ? first : rest(i)))
  db.transaction(() => {
    put.run(
      'edge',
      vector(1, () => 0),
    )
    put.run(
      'next',
      vector(0.99, () => 0),
    )
    put.run(
      'wide',
      vector(0.5, i => 1000 * Math.sin(i)),
    )
    for (let n = 0; n < 3000; n++)
      put.run(
        `f${n}`,
        vector(-5, () => 0),
      )
  })()
  const ask = db.prepare(
    `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? AND distance > -1 LIMIT ?`,
  )
  const query = vector(1, () => 0)
  assert.deepEqual(ask.pluck().all(query, 1), ['next'])
  assert.deepEqual(ask.all(query, 2), ['next', 'wide'])
})
