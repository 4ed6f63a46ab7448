import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { seededTest } from '../seed.ts'
import { change, filled, type Setting } from './partial-scene.ts'
import { Random } from './random.ts'

const seeded = seededTest('VEC_SEED')

// Rows are ranked as they are read. Whoever stops early, or writes in between, must see what the whole ranking would give.

const SETTINGS: readonly Setting[] = [
  { name: 'floats in memory', metric: 'cosine', dim: 3, rows: 1500, index: 'brute' },
  { name: 'a tree', metric: 'euclidean', dim: 3, rows: 1500, index: 'cover' },
  { name: 'codes, asked twice', metric: 'dot', dim: 8, rows: 40_000, index: 'brute' },
  { name: 'codes, asked once', metric: 'cosine', dim: 100, rows: 4000, index: 'brute' },
  {
    name: 'changed rows',
    metric: 'euclidean',
    dim: 3,
    rows: 1500,
    index: 'brute',
    uncommitted: 200,
  },
  {
    name: 'changed rows of codes',
    metric: 'dot',
    dim: 100,
    rows: 4000,
    index: 'brute',
    uncommitted: 200,
  },
  { name: 'the table itself', metric: 'cosine', dim: 3, rows: 1500, index: 'brute', unkeyed: true },
]

/** Around the sizes of the parts. */
const DEPTHS = [1, 2, 63, 64, 65, 255, 256, 257, 320, 1023, 1024, 1025, 1400]

for (const [stream, setting] of SETTINGS.entries()) {
  seeded(`whoever stops early has read the nearest: ${setting.name}`, async () => {
    const r = new Random(1000 + stream)
    const { db, model } = await filled(r, setting)
    using _ = db
    for (let n = setting.dim > 3 ? 1 : 3; n > 0; n--) {
      const query = r.vector(setting.dim)
      for (const [sql, parameters, datasets, keeps, slice = []] of questions(r)) {
        const kept = model.search(datasets, query).filter(({ row }) => keeps(row.id))
        const expected = kept.slice(...slice)
        const statement = db.prepare(sql).raw()
        for (const depth of [...DEPTHS, expected.length, expected.length + 1]) {
          const read: unknown[] = []
          for (const row of statement.iterate(query, ...parameters)) {
            read.push(row)
            if (read.length === depth) break
          }
          const first = expected.slice(0, depth)
          assert.deepEqual(
            read,
            first.map(({ row, score }) => [row.dataset, row.id, score]),
            `${depth} rows of ${sql} ${JSON.stringify(parameters)}`,
          )
        }
        statement.finalize()
      }
    }
  })
}

type Question = readonly [
  sql: string,
  parameters: (string | number)[],
  datasets: string[],
  keeps: (id: string) => boolean,
  slice?: [from: number, to: number],
]

const odd = (id: string): boolean => /[13579]$/.test(id)
const all = (): boolean => true

function questions(r: Random): Question[] {
  const select = 'SELECT v.dataset_id, v.doc_id, v.match_score FROM docs v'
  const match = 'v.doc_id MATCH ?'
  const some = `r${r.below(100)}`
  return [
    [`${select} WHERE v.dataset_id = 'a' AND ${match}`, [], ['a'], all],
    [`${select} WHERE v.dataset_id IN ('a', 'b') AND ${match}`, [], ['a', 'b'], all],
    [
      `${select} WHERE v.dataset_id = 'a' AND ${match} AND v.doc_id <> ?`,
      [some],
      ['a'],
      id => id !== some,
    ],
    [
      `${select} JOIN kinds k ON k.id = v.doc_id WHERE v.dataset_id IN ('a', 'b') AND ${match} AND k.odd = 1`,
      [],
      ['a', 'b'],
      odd,
    ],
    [
      `${select} WHERE v.dataset_id = 'a' AND ${match} AND v.doc_id IN (SELECT id FROM kinds WHERE odd = 1) ORDER BY v.distance`,
      [],
      ['a'],
      odd,
    ],
    [
      `${select} WHERE v.dataset_id = 'a' AND ${match} AND v.content IS NULL LIMIT 300 OFFSET 70`,
      [],
      ['a'],
      all,
      [70, 370],
    ],
  ]
}

for (const [stream, setting] of SETTINGS.entries()) {
  seeded(
    `what the reading connection writes in between breaks no order: ${setting.name}`,
    async () => {
      const r = new Random(2000 + stream)
      const { db, model } = await filled(r, setting)
      using _ = db
      for (let round = 0; round < (setting.rows > 5000 ? 2 : 6); round++) {
        const datasets = r.chance(0.5) ? ['a'] : ['a', 'b']
        const query = r.vector(setting.dim)
        const before = model.search(datasets, query)
        const touched = new Set<string>()
        const statement = db
          .prepare(
            `SELECT dataset_id, doc_id, match_score FROM docs
           WHERE dataset_id IN (${datasets.map(dataset => `'${dataset}'`).join(', ')}) AND doc_id MATCH ?`,
          )
          .raw()
        const read: [string, string, number][] = []
        const pause = 1 + r.below(200)
        for (const row of statement.iterate(query)) {
          read.push(row as [string, string, number])
          if (read.length % pause === 0 && read.length < 2000) {
            for (let n = r.below(20); n > 0; n--)
              touched.add(change(r, db, model, query, setting.dim))
          }
        }
        const told = `round ${round}, ${datasets.join()}, a write every ${pause} rows`
        const names = read.map(([dataset, id]) => `${dataset} ${id}`)
        assert.equal(new Set(names).size, names.length, `${told}: a document came twice`)
        for (let i = 1; i < read.length; i++) {
          const [a, b] = [read[i - 1], read[i]]
          const order = a[2] - b[2] || Buffer.compare(Buffer.from(b[1]), Buffer.from(a[1]))
          assert.ok(order >= 0, `${told}: ${String(a)} before ${String(b)}`)
        }
        // Rows that nobody wrote are all there, in their order.
        const untouched = before.filter(({ row }) => !touched.has(`${row.dataset} ${row.id}`))
        assert.deepEqual(
          read.filter(([dataset, id]) => !touched.has(`${dataset} ${id}`)),
          untouched.map(({ row, score }) => [row.dataset, row.id, score]),
          told,
        )
        statement.finalize()
      }
    },
  )
}

function name(n: number): string {
  return `d${String(n).padStart(4, '0')}`
}

test('rows that are ranked already keep place and score, rows ranked later are as written', async () => {
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=euclidean)')
  const insert = db.prepare(
    `INSERT INTO docs(dataset_id, doc_id, embedding, content) VALUES ('a', ?, ?, 'c')`,
  )
  db.transaction(() => {
    for (let n = 0; n < 1000; n++) insert.run(name(n), Float32Array.of(n))
  })()
  const read: unknown[] = []
  const statement = db
    .prepare(
      `SELECT doc_id, distance, content FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[0]'`,
    )
    .raw()
  for (const row of statement.iterate()) {
    read.push(row)
    if (read.length !== 10) continue
    db.exec(`DELETE FROM docs WHERE dataset_id = 'a' AND doc_id IN ('${name(20)}', '${name(500)}');
      UPDATE docs SET embedding = '[400.5]' WHERE dataset_id = 'a' AND doc_id IN ('${name(5)}', '${name(600)}')`)
    insert.run('before', Float32Array.of(3.5))
    insert.run('behind', Float32Array.of(300.5))
  }
  const ids = read.map(row => (row as unknown[])[0])
  // Ranked before: still there, though its content is gone.
  assert.deepEqual(read[20], [name(20), 20, null])
  assert.equal(ids.includes(name(500)), false)
  // Given at 5 already, so not once more at 400.5; the other one has moved.
  assert.equal(ids.lastIndexOf(name(5)), 5)
  assert.deepEqual(read[ids.indexOf(name(600))], [name(600), 400.5, 'c'])
  // Above what was given already: too late.
  assert.equal(ids.includes('before'), false)
  assert.deepEqual(read[ids.indexOf('behind')], ['behind', 300.5, 'c'])
  assert.equal(read.length, 1000 - 1 + 1)
})

test('k counts the rows that are given, whatever is written in between', async () => {
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=euclidean)')
  const insert = db.prepare(`INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', ?, ?)`)
  db.transaction(() => {
    for (let n = 0; n < 1000; n++) insert.run(`d${n}`, Float32Array.of(n))
  })()
  const statement = db
    .prepare(
      `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[0]' AND k = 300 AND doc_id <> 'nobody'`,
    )
    .pluck()
  const read: unknown[] = []
  for (const id of statement.iterate()) {
    read.push(id)
    if (read.length === 50)
      for (let n = 0; n < 500; n++) insert.run(`new${n}`, Float32Array.of(n / 1000))
  }
  assert.deepEqual(
    read,
    Array.from({ length: 300 }, (_, n) => `d${n}`),
  )
})
