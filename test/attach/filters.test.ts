import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attach, type Filter } from '../../src/entries/attach.ts'
import { open } from '../../src/entries/main.ts'
import { seeded } from '../freshness/seeded.ts'
import { seededTest } from '../seed.ts'
import { blob, DRIVERS, inEveryDriver, newPath, type Handle } from './handles.ts'

// Filters of attached tables: each is the same condition in SQL, and answered from a copy of the columns.

const vector = [1, 0]

interface Rows {
  prepare(sql: string): { all(): unknown[] }
}

function idsOf(db: Handle, sql: string): unknown[] {
  const rows = (db as unknown as Rows).prepare(sql).all() as { id: unknown }[]
  return rows.map(({ id }) => id)
}

/** Columns of every affinity, and what people put into them. */
const COLUMNS = {
  lang: 'TEXT COLLATE NOCASE',
  year: 'INTEGER',
  price: 'REAL',
  made: 'DATETIME',
  any: '',
  both: `TEXT AS (lang || year) VIRTUAL`,
}
const VALUES = [
  'NULL',
  "'en'",
  "'EN'",
  "'2'",
  "'2.0'",
  "''",
  "x'656e'",
  '0',
  '1',
  '2',
  '2.5',
  '-3',
  '9007199254740993',
]
const WANTED: readonly [unknown, string][] = [
  ['en', "'en'"],
  ['EN', "'EN'"],
  ['2', "'2'"],
  [2, '2'],
  [2.5, '2.5'],
  [0, '0'],
]

/** What a comparison means: text with text, byte by byte, and numbers with numbers; a column of numbers reads '2' as one. */
function inSql(column: string, operator: string, [value, sql]: (typeof WANTED)[number]): string {
  const types = typeof value === 'string' ? `('text')` : `('integer', 'real')`
  return `typeof(${column}) IN ${types} AND ${column} COLLATE BINARY ${operator} ${sql}`
}

for (const driver of DRIVERS) {
  seededTest('ATTACH_SEED')(
    `${driver.name}: filters on columns of every affinity are the same in SQL`,
    { skip: driver.skip },
    (_t, seed) => {
      const next = seeded(seed)
      const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]
      const db = driver.connect(':memory:')
      const declared = Object.entries(COLUMNS).map(([name, type]) => `${name} ${type}`)
      db.exec(`CREATE TABLE rows(id INTEGER PRIMARY KEY, ${declared.join(', ')}, embedding BLOB)`)
      const written = Object.keys(COLUMNS).filter(name => name !== 'both')
      const values = (): string => written.map(() => pick(VALUES)).join(', ')
      const put = (id: number): void => {
        const names = written.map(name => `"${name}"`).join(', ')
        db.exec(
          `REPLACE INTO rows(id, ${names}, embedding) VALUES (${id}, ${values()}, ${blob(1, next())})`,
        )
      }
      for (let id = 1; id <= 200; id++) put(id)
      using vectors = attach(db, { table: 'rows', metadata: Object.keys(COLUMNS) })
      for (let n = 0; n < 300; n++) {
        if (next() < 0.3) put(1 + Math.floor(next() * 200))
        const column = pick(Object.keys(COLUMNS))
        const wanted = pick(WANTED)
        const [filter, condition] = pick<readonly [Filter, string]>([
          [{ [column]: wanted[0] } as Filter, inSql(column, '=', wanted)],
          [{ [column]: { $gte: wanted[0] } } as Filter, inSql(column, '>=', wanted)],
          [{ [column]: { $lt: wanted[0] } } as Filter, inSql(column, '<', wanted)],
          [{ [column]: { $exists: true } }, `${column} IS NOT NULL`],
        ])
        const found = vectors.search({ vector, k: 200, filter }).map(({ id }) => Number(id))
        assert.deepEqual(
          found.toSorted((a, b) => a - b),
          idsOf(db, `SELECT id FROM rows WHERE ${condition} ORDER BY id`).map(Number),
          JSON.stringify(filter),
        )
      }
      vectors.close()
      db.close()
    },
  )
}

const DECLARED = `CREATE VIRTUAL TABLE docs USING vec(doc_id, year INTEGER, "Sub ject" TEXT, lang TEXT FROM '$.lang', tags JSON)`

for (const driver of DRIVERS.filter(({ name }) => name !== 'our engine')) {
  test(
    `${driver.name}: a vec table is filtered by the columns that it declares`,
    {
      skip: driver.skip,
    },
    async () => {
      const path = newPath()
      const ours = await open(path)
      ours.exec(DECLARED)
      ours.exec(`INSERT INTO docs(dataset_id, doc_id, meta, year, "Sub ject", tags, embedding) VALUES
      ('a', 'x', '{"lang":"en","year":1,"other":5}', 2020, 'red', '["t","u"]', ${blob(1, 0)}),
      ('a', 'y', '{"lang":"de","year":2020}', 2021, 'blue', '["u"]', ${blob(0, 1)})`)
      ours.close()
      const db = driver.connect(path)
      using vectors = attach(db, { table: 'docs' })
      const found = (filter: Filter): unknown[] =>
        vectors.search({ dataset: 'a', vector, k: 9, filter }).map(({ id }) => id)
      assert.deepEqual(found({ year: 2020 }), ['x'])
      assert.deepEqual(found({ year: { $gte: 2020 } }), ['x', 'y'])
      assert.deepEqual(found({ lang: 'de' }), ['y'])
      assert.deepEqual(found({ 'Sub ject': 'red', lang: 'en' }), ['x'])
      assert.deepEqual(found({ tags: { $contains: 't' } }), ['x'])
      assert.deepEqual(found({ other: 5 }), ['x'])
      vectors.upsert(
        [{ id: 'y', meta: '{"lang":"en"}', columns: { year: 2020, 'Sub ject': 'red' } }],
        { dataset: 'a' },
      )
      assert.deepEqual(found({ year: 2020, lang: 'en', 'Sub ject': 'red' }), ['x', 'y'])
      db.exec('DROP TRIGGER vec_journal__vec_docs_updated; ALTER TABLE _vec_docs DROP COLUMN year')
      assert.throws(() => found({ year: 2020 }), {
        code: 'VEC_SHADOW',
        message: /lacks the column year/,
      })
      vectors.close()
      db.close()
    },
  )
}

inEveryDriver('filters on columns', fact => {
  fact('ask the table once, and from then on what is kept of its columns', db => {
    db.exec(`CREATE TABLE rows(id INTEGER PRIMARY KEY, lang TEXT, year INTEGER, embedding BLOB);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
      INSERT INTO rows SELECT i, CASE i % 3 WHEN 0 THEN 'en' ELSE 'de' END, i, ${blob(1, 2)} FROM n`)
    const asked: string[] = []
    const prepare = db.prepare.bind(db) as (sql: string) => never
    db.prepare = (sql: string) => {
      asked.push(sql)
      return prepare(sql)
    }
    using vectors = attach(db, { table: 'rows', metadata: ['lang', 'year'] })
    const count = (filter: Filter): number => vectors.search({ vector, k: 50, filter }).length
    assert.equal(count({ lang: 'en', year: { $lt: 31 } }), 10)
    assert.equal(count({ lang: 'de', year: { $lte: 30 } }), 20)
    db.exec('UPDATE rows SET year = 1000 WHERE id = 1')
    assert.equal(count({ year: { $gt: 499 } }), 2)
    const conditions = asked.filter(sql => /WHERE.*"(?:lang|year)"/s.test(sql))
    assert.deepEqual(conditions, [])
  })
})
