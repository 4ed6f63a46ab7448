import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { open, type Connection, type VecError } from '../../src/entries/main.ts'
import { refused } from '../refusal.ts'

const NEAREST = "SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]'"
const found = (db: Connection, condition: string): unknown[] =>
  db.prepare(`${NEAREST} AND ${condition}`).pluck().all()
const columns = (db: Connection): unknown[] =>
  db.prepare("SELECT name FROM pragma_table_info('docs')").pluck().all()
const declaration = (db: Connection): unknown =>
  db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'docs'").pluck().get()

test('vec_contains() and LIKE are applied before the k nearest', async () => {
  using db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, tags JSON, lang TEXT FROM '$.lang');
    INSERT INTO docs(dataset_id, doc_id, embedding, tags, meta) VALUES
      ('a', 'x', '[1, 0]', '["p"]', '{"lang": "de"}'), ('a', 'y', '[1, 1]', '["p", "q"]', '{"lang": "en"}'),
      ('a', 'z', '[0, 1]', 'no json', 'no json')`)
  assert.deepEqual(found(db, "vec_contains(tags, 'q') LIMIT 1"), ['y'])
  assert.deepEqual(found(db, "lang LIKE 'E%' LIMIT 1"), ['y'])
  assert.deepEqual(found(db, "lang GLOB 'E*'"), [])
  const plan = db.prepare(
    `EXPLAIN QUERY PLAN ${NEAREST} AND vec_contains(tags, 'q') AND lang LIKE 'e%' LIMIT 1`,
  )
  assert.match(JSON.stringify(plan.all()), /column\d+like column\d+contains match/)
  const everywhere = db.prepare("SELECT vec_contains(tags, 'p') FROM docs WHERE dataset_id = 'a'")
  assert.deepEqual(everywhere.pluck().all(), [1, 1, 0])
  db.exec('PRAGMA case_sensitive_like = ON')
  assert.deepEqual(found(db, "lang LIKE 'E%'"), [])
  assert.deepEqual(found(db, "lang LIKE 'e%'"), ['y'])
})

test('a column read from meta follows every program that writes meta, and cannot be written', async () => {
  using db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, year INTEGER FROM '$.year');
    INSERT INTO docs(dataset_id, doc_id, embedding, meta) VALUES ('a', 'x', '[1, 0]', '{"year": 1999}')`)
  assert.deepEqual(found(db, 'year = 1999'), ['x'])
  db.exec(`UPDATE _vec_docs SET meta = '{"year": 2000}'`)
  assert.deepEqual(found(db, 'year = 1999'), [])
  assert.deepEqual(found(db, `filter = '{"year": {"$gte": 2000}}'`), ['x'])
  db.exec("UPDATE docs SET meta = 'no json' WHERE dataset_id = 'a'")
  assert.deepEqual(found(db, 'year IS NULL'), ['x'])
  const write = (): unknown => db.exec("UPDATE docs SET year = 1 WHERE dataset_id = 'a'")
  refused(write, 'VEC_QUERY', 'year cannot be written', "'$.year'")
})

test('a column is added to a table in use, by the statement or not at all', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'declared-columns-'))
  const path = join(folder, 'docs.db')
  try {
    using one = await open(path)
    using two = await open(path)
    one.exec(`CREATE VIRTUAL TABLE docs USING vec;
      INSERT INTO docs(dataset_id, doc_id, embedding, meta) VALUES
        ('a', 'x', '[1, 0]', '{"lang": "en"}'), ('a', 'y', '[1, 1]', '{"lang": "de"}')`)
    assert.deepEqual(found(two, '1'), ['x', 'y'])
    const epoch = one.prepare('SELECT epoch FROM vec_journal_state').pluck()
    const before = epoch.get()
    const add = one.prepare('INSERT INTO docs(docs) VALUES (?)')
    one.exec('BEGIN')
    add.run('add column year INTEGER')
    one.exec("UPDATE docs SET year = 5 WHERE dataset_id = 'a' AND doc_id = 'y'")
    assert.deepEqual(found(one, 'year = 5'), ['y'])
    one.exec('ROLLBACK')
    assert.deepEqual(columns(one), ['dataset_id', 'doc_id'])
    one.exec('BEGIN; SAVEPOINT s')
    add.run('add column year INTEGER')
    one.exec('ROLLBACK TO s; COMMIT')
    assert.deepEqual(columns(one), ['dataset_id', 'doc_id'])

    add.run('add column year INTEGER')
    add.run("ADD COLUMN lang TEXT FROM '$.lang'")
    assert.equal(
      declaration(two),
      `CREATE VIRTUAL TABLE "docs" USING vec(doc_id, year INTEGER, lang TEXT FROM '$.lang')`,
    )
    assert.deepEqual(columns(two), ['dataset_id', 'doc_id', 'year', 'lang'])
    two.exec("UPDATE docs SET year = 7 WHERE dataset_id = 'a' AND doc_id = 'y'")
    assert.deepEqual(found(one, "year > 6 AND lang = 'de'"), ['y'])
    assert.equal(epoch.get(), before, 'indexes in memory stay')

    two.exec("ALTER TABLE _vec_docs ADD COLUMN source TEXT DEFAULT 'web'")
    assert.deepEqual(found(one, '1'), ['x', 'y'])
    add.run('add column source TEXT')
    assert.deepEqual(found(two, "source = 'web' AND lang = 'en'"), ['x'])
    refused(() => add.run('add column source TEXT'), 'VEC_OPTION', 'source')
    refused(() => add.run('add column blob BLOB'), 'VEC_OPTION', 'BLOB')
    refused(() => add.run("add column x TEXT FROM 'y'"), 'VEC_OPTION', 'expected a path in meta')
    assert.equal(one.pragma('integrity_check', { simple: true }), 'ok')
    one.exec("INSERT INTO docs(docs) VALUES ('integrity-check')")
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('explain: says how filters were answered, and what the columns take', async () => {
  using db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, year INTEGER);
    INSERT INTO docs(dataset_id, doc_id, embedding, year)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
      SELECT 'a', i, vec_f32('[' || i || ', 1]'), i % 10 FROM n`)
  assert.deepEqual(found(db, 'year = 11'), [])
  assert.equal(found(db, 'year < 1 LIMIT 10').length, 10)
  assert.equal(found(db, 'year >= 2 LIMIT 10').length, 10)
  const said = db
    .prepare(
      "SELECT op FROM vec_admin WHERE op MATCH 'explain:docs:a' AND topic IN ('columns', 'filter')",
    )
    .pluck()
    .all() as string[]
  assert.match(said[0], /year \(10 distinct values\); [\d.]+ bytes a row/)
  assert.match(
    said.join('\n'),
    /scan through a bitmap made from the columns in memory, for 50 of 500 rows pass/,
  )
  assert.match(said.join('\n'), /scan first, filter then, for about \d+ of 500 rows pass/)
})

test('a column that an earlier table left behind is refused with the way to drop it', async () => {
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, year INTEGER); DROP TABLE docs')
  const create = "CREATE VIRTUAL TABLE docs USING vec(doc_id, year INTEGER FROM '$.year')"
  const drop = 'ALTER TABLE _vec_docs DROP COLUMN "year"'
  refused(() => db.exec(create), 'VEC_SHADOW', 'which is written', drop)
  db.exec(`${drop}; ${create}`)
  db.exec(
    `INSERT INTO docs(dataset_id, doc_id, embedding, meta) VALUES ('a', 'x', '[1, 0]', '{"year": 7}')`,
  )
  assert.deepEqual(found(db, 'year = 7'), ['x'])
})

test('a declared column that is dropped from the shadow table names the trigger that is in the way', async () => {
  const db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, year INTEGER, lang TEXT);
    INSERT INTO docs(dataset_id, doc_id, embedding, year, lang) VALUES ('d', 'a', '[1, 0]', 2020, 'en')`)
  const drop = 'ALTER TABLE _vec_docs DROP COLUMN year'
  assert.throws(
    () => db.exec(drop),
    (error: VecError) => {
      assert.equal(error.code, 'SQLITE_ERROR')
      assert.match(error.message, /vec_journal__vec_docs_updated after drop column/)
      const [remedy] = /DROP TRIGGER "\w+"/.exec(error.hint ?? '') ?? []
      db.exec(`${remedy}; ${drop}`)
      return true
    },
  )
  const search = "SELECT doc_id, lang FROM docs WHERE dataset_id = 'd' AND doc_id MATCH '[1, 0]'"
  assert.deepEqual(db.prepare(search).raw().all(), [['a', 'en']])
  db.exec("UPDATE docs SET lang = 'de' WHERE dataset_id = 'd' AND doc_id = 'a'")
  assert.deepEqual(db.prepare(`${search} AND lang = 'de'`).raw().all(), [['a', 'de']])
  assert.throws(() => db.prepare(`${search} AND year = 2020`).all(), { code: 'VEC_SHADOW' })
  db.close()
})
