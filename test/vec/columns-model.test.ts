import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeEmbedding, open, type BindValue, type Connection } from '../../src/entries/main.ts'
import { seededTest } from '../seed.ts'
import { Random } from './random.ts'

const seeded = seededTest('VEC_SEED')
const STEPS = 60
const VALUES: readonly BindValue[] = [
  null,
  0,
  -1,
  2,
  2.5,
  Infinity,
  2 ** 31,
  2n ** 53n + 1n,
  -(2n ** 63n),
  '',
  '1',
  ' 1e0',
  'en',
  'EN',
  'é',
  '["en", 1]',
  '[true]',
  Uint8Array.of(1),
]
/** Columns with few values and with many, read from `meta` and written. */
const COLUMNS = ['lang', 'year', 'price', 'tags', 'place', 'born'] as const
/** Most rows pass these: the search scans first, and asks the nearest. */
const LOOSE = ['year IS NOT NULL OR 1 = 1', 'year >= -1', "place <> 'x'", 'born >= 0'] as const

/** The condition and its parameters. */
type Condition = readonly [sql: string, parameters: readonly BindValue[]]

function condition(r: Random): Condition {
  const column = r.pick(COLUMNS)
  const value = r.pick(VALUES)
  const list = Array.from({ length: r.below(11) }, () => r.pick(VALUES))
  const pattern = r.pick(['e%', '%', '_e', '1%', 'E*', '*', '[ed]*'])
  const comparison = r.pick(['=', '<>', '<', '<=', '>', '>=', 'IS', 'IS NOT'])
  return r.pick<Condition>([
    [`${column} ${comparison} ?`, [value]],
    [`${column} BETWEEN ? AND ?`, [value, r.pick(VALUES)]],
    [`${column} IN (${list.map(() => '?').join()})`, list],
    [`${column} IS NULL`, []],
    [`${column} IS NOT NULL`, []],
    [`${column} ${r.pick(['LIKE', 'NOT LIKE', 'GLOB'])} ?`, [pattern]],
    [`vec_contains(${r.pick(['tags', column])}, ?)`, [r.pick(['en', 1, null])]],
    [`(${column} = ? OR lang = 'en')`, [value]],
    [r.pick(LOOSE), []],
    [r.pick(LOOSE), []],
  ])
}

function write(r: Random, db: Connection, rows: number, vector: () => Uint8Array): void {
  const id = `d${r.below(rows)}`
  const meta = r.chance(0.1)
    ? r.pick([null, 'no JSON'])
    : JSON.stringify({ place: r.pick(['x', 'y', 1, null]), born: r.below(100) })
  const writes = [
    () =>
      db
        .prepare(
          `INSERT OR REPLACE INTO _vec_docs(dataset_id, id, lang, year, price, tags, meta, embedding)
           VALUES ('a', ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          id,
          r.pick(VALUES),
          r.chance(0.6) ? r.below(3000) : r.pick(VALUES),
          r.pick(VALUES),
          r.pick(VALUES),
          meta,
          vector(),
        ),
    () => db.prepare('UPDATE _vec_docs SET meta = ? WHERE id = ?').run(meta, id),
    () =>
      db
        .prepare("UPDATE docs SET lang = ? WHERE dataset_id = 'a' AND doc_id = ?")
        .run(r.pick(VALUES), id),
    () => db.prepare('DELETE FROM _vec_docs WHERE id = ?').run(id),
    () => db.prepare('UPDATE OR REPLACE _vec_docs SET rowid = rowid + 100000 WHERE id = ?').run(id),
  ]
  r.pick([writes[0], ...writes])()
}

function check(r: Random, db: Connection, vector: () => Uint8Array, step: number): void {
  const conditions = Array.from({ length: 1 + r.below(2) }, () => condition(r))
  const where = conditions.map(([sql]) => `(${sql})`).join(' AND ')
  const parameters = conditions.flatMap(([, values]) => values)
  const query = vector()
  const k = r.pick([1, 5, 30, 1000])
  const found = db
    .prepare(`SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? AND ${where}
      ORDER BY match_score DESC LIMIT ${k}`)
    .pluck()
    .all(query, ...parameters)
  const expected = db
    .prepare(`SELECT id FROM _vec_docs WHERE dataset_id = 'a' AND ${where}
      ORDER BY vec_cosine(embedding, ?) DESC, id LIMIT ${k}`)
    .pluck()
    .all(...parameters, query)
  assert.deepEqual(found, expected, `step ${step}: ${where}, k = ${k}`)
}

// The floats of 4000 numbers do not stay in memory: rows are then read from the file in batches.
for (const [dim, rows] of [
  [3, 400],
  [4000, 150],
] as const) {
  seeded(
    `conditions on declared columns mean what SQL means: ${rows} rows of ${dim} numbers`,
    async () => {
      const r = new Random(dim)
      const folder = mkdtempSync(join(tmpdir(), 'columns-model-'))
      const path = join(folder, 'docs.db')
      const vector = (): Uint8Array => {
        const first = r.next()
        return encodeEmbedding(
          Array.from({ length: dim }, (_, i) =>
            i < 6 ? r.next() * 8 - 4 : ((i * first) % 1) - 0.5,
          ),
        )
      }
      const one = await open(path)
      const two = await open(path)
      try {
        one.exec(`PRAGMA synchronous = OFF; CREATE VIRTUAL TABLE docs USING vec(doc_id, lang TEXT, year INTEGER,
          price REAL, tags JSON, place TEXT FROM '$.place', born INTEGER FROM '$.born')`)
        one.transaction(() => {
          for (let n = 0; n < rows * 3; n++) write(r, one, rows, vector)
        })()
        for (let step = 0; step < STEPS; step++) {
          const [db, other] = r.pick([
            [one, two],
            [two, one],
          ])
          const inTransaction = r.chance(0.3)
          if (inTransaction) db.exec('BEGIN IMMEDIATE')
          for (let writes = r.below(4); writes > 0; writes--) write(r, db, rows, vector)
          check(r, db, vector, step)
          if (inTransaction) db.exec(r.pick(['COMMIT', 'ROLLBACK']))
          check(r, other, vector, step)
          check(r, db, vector, step)
          check(r, db, vector, step)
        }
        const wrong = one.prepare(
          "SELECT op FROM vec_admin WHERE op MATCH 'check:docs:' AND severity = 'error'",
        )
        assert.deepEqual(wrong.all(), [])
      } finally {
        one.close()
        two.close()
        rmSync(folder, { recursive: true })
      }
    },
  )
}
