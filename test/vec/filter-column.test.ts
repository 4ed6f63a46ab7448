import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeEmbedding, insertMany, open, type Connection } from '../../src/entries/main.ts'
import { refused } from '../refusal.ts'

const ROWS = 6000

async function filled(path = ':memory:'): Promise<Connection> {
  const db = await open(path)
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  const columns = ['dataset_id', 'id', 'meta', 'embedding']
  insertMany(
    db,
    '_vec_docs',
    columns,
    Array.from({ length: ROWS }, (_, i) => [
      'a',
      `d${i}`,
      JSON.stringify({ lang: i % 3 === 0 ? 'en' : 'de', n: i }),
      encodeEmbedding(Array.from({ length: 64 }, (_x, j) => Math.sin(i * 64 + j))),
    ]),
  )
  return db
}

const QUERY = encodeEmbedding(Array.from({ length: 64 }, (_, j) => Math.sin(j / 3)))
const SEARCH = "SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ?"
const nearest = (db: Connection, filter: unknown, k = 10): unknown[] =>
  db.prepare(`${SEARCH} AND k = ? AND filter = ?`).pluck().all(QUERY, k, JSON.stringify(filter))
const brute = (db: Connection, condition: string, k = 10): unknown[] =>
  db
    .prepare(
      `SELECT id FROM _vec_docs WHERE dataset_id = 'a' AND embedding IS NOT NULL AND coalesce(archived, 0) = 0 AND ${condition}
       ORDER BY vec_cosine(embedding, ?) DESC, id LIMIT ?`,
    )
    .pluck()
    .all(QUERY, k)

test('the nearest of those that pass, never fewer than there are', async () => {
  using db = await filled()
  for (const [filter, condition] of [
    [{ lang: 'en' }, "meta ->> '$.lang' = 'en'"],
    [{ n: { $lt: 30 } }, "meta ->> '$.n' < 30"],
    [{ n: { $lt: 3 } }, "meta ->> '$.n' < 3"],
    [{ lang: 'fr' }, '0'],
    [{}, '1'],
  ] as const) {
    for (const k of [1, 10, 100, ROWS]) {
      assert.deepEqual(nearest(db, filter, k), brute(db, condition, k), `${condition} ${k}`)
    }
  }
})

test('a filter is seen by scans, joins, LIMIT, several datasets and lists of ids', async () => {
  using db = await filled()
  const all = (sql: string, ...values: (string | Uint8Array)[]): unknown[] =>
    db
      .prepare(sql)
      .pluck()
      .all(...values)
  const filter = '{"n": {"$in": [1, 4, 2999]}}'
  const scan = "SELECT doc_id FROM docs WHERE dataset_id = 'a' AND filter = ?"
  assert.deepEqual(all(scan, filter), ['d1', 'd4', 'd2999'])
  assert.deepEqual(all(`${scan} AND doc_id IN ('d4', 'd5')`, filter), ['d4'])
  assert.deepEqual(all(`${SEARCH} AND filter = ? AND doc_id IN ('d4', 'd5')`, QUERY, filter), [
    'd4',
  ])
  assert.deepEqual(
    all(`${SEARCH} AND filter = ? LIMIT 2`, QUERY, filter),
    brute(db, "meta ->> '$.n' IN (1, 4, 2999)", 2),
  )
  const joined = `SELECT v.doc_id FROM (SELECT '{"n": 7}' AS f UNION ALL SELECT '{"n": 8}') q
    JOIN docs v ON v.filter = q.f WHERE v.dataset_id = 'a' ORDER BY 1`
  assert.deepEqual(all(joined), ['d7', 'd8'])
  const either = `${scan.replace('= ?', `IN ('{"n": 7}', '{"n": 8}')`)} ORDER BY 1`
  assert.deepEqual(all(either), ['d7', 'd8'])
  assert.deepEqual(all(`${scan} AND dataset_id IN ('a', 'b')`, filter).length, 3)
})

test('a changed, added or deleted row counts at once, and so does one that is rolled back', async () => {
  using db = await filled()
  const expected = (): unknown[] => brute(db, "meta ->> '$.lang' = 'en'")
  for (const change of [
    `UPDATE _vec_docs SET meta = '{"lang": "de"}' WHERE id = (SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH $q AND k = 1 AND filter = '{"lang": "en"}')`,
    `UPDATE docs SET meta = NULL WHERE dataset_id = 'a' AND doc_id MATCH $q AND k = 3 AND filter = '{"lang": "en"}'`,
    `DELETE FROM docs WHERE dataset_id = 'a' AND doc_id MATCH $q AND k = 3 AND filter = '{"lang": "en"}'`,
    `INSERT INTO docs(dataset_id, doc_id, embedding, meta) VALUES ('a', 'new', $q, '{"lang": "en"}')`,
    `UPDATE _vec_docs SET archived = 1 WHERE id = 'new'`,
  ]) {
    assert.deepEqual(nearest(db, { lang: 'en' }), expected())
    const before = expected()
    db.exec('BEGIN')
    db.prepare(change).run({ q: QUERY })
    const within = expected()
    assert.notDeepEqual(within, before, change)
    assert.deepEqual(nearest(db, { lang: 'en' }), within)
    db.exec('ROLLBACK')
    assert.deepEqual(nearest(db, { lang: 'en' }), before)
    db.prepare(change).run({ q: QUERY })
    assert.deepEqual(nearest(db, { lang: 'en' }), within)
  }
})

test('a row that REPLACE took away without a trace comes back with a rollback', async () => {
  using db = await filled()
  db.exec('ALTER TABLE _vec_docs ADD COLUMN slug; CREATE UNIQUE INDEX slugs ON _vec_docs(slug)')
  const filter = { lang: 'en' }
  const [first] = nearest(db, filter, 1) as [string]
  db.prepare('UPDATE _vec_docs SET slug = 1 WHERE id = ?').run(first)
  assert.equal(db.prepare(`${SEARCH} AND k = 1`).all(QUERY).length, 1)
  const before = nearest(db, filter)
  assert.equal(before[0], first)
  // One filter was asked before, one is new.
  for (const asked of [{ lang: { $in: ['en'] } }, filter]) {
    db.prepare(`UPDATE _vec_docs SET meta = meta || ' ' WHERE id = ?`).run(first)
    assert.equal(db.prepare(`${SEARCH} AND k = 1`).all(QUERY).length, 1)
    db.exec(
      `BEGIN; INSERT OR REPLACE INTO _vec_docs(dataset_id, id, slug) VALUES ('a', 'other', 1)`,
    )
    assert.equal(nearest(db, asked)[0], before[1])
    db.exec('ROLLBACK')
    assert.deepEqual(nearest(db, asked), before)
  }
})

test('values with NULs in them are told apart, and large integers are exact', async () => {
  using db = await filled()
  db.exec(
    `UPDATE _vec_docs SET meta = '{"a": "x", "b": "y", "n": 9007199254740993}' WHERE id = 'd1'`,
  )
  const plain = db.prepare(`${SEARCH} AND filter = ?`).pluck()
  assert.deepEqual(plain.all(QUERY, '{"n": 9007199254740992}'), [])
  assert.deepEqual(plain.all(QUERY, '{"n": 9007199254740993}'), ['d1'])
  db.exec(`UPDATE _vec_docs SET meta = json_object('a', 'x' || char(0) || 'y') WHERE id = 'd2'`)
  assert.deepEqual(plain.all(QUERY, '{"a": {"$startsWith": "x\\u0000y"}}'), ['d2'])
  assert.deepEqual(plain.all(QUERY, '{"a": {"$startsWith": "x\\u0000z"}}'), [])
})

test('what is not a filter is refused', async () => {
  using db = await filled()
  const ask = (filter: string | number | null | Uint8Array): unknown =>
    db.prepare(`${SEARCH} AND filter = ?`).all(QUERY, filter)
  refused(() => ask('{'), 'VEC_FILTER', 'not valid JSON')
  refused(() => ask(null), 'VEC_FILTER', 'expected JSON text, got NULL')
  refused(() => ask(5), 'VEC_FILTER', 'got 5')
  refused(() => ask(new Uint8Array(2)), 'VEC_FILTER', 'BLOB')
  refused(() => ask('[]'), 'VEC_FILTER', 'an array')
  refused(() => ask('{"n": {"$near": 1}}'), 'VEC_FILTER', '$near')
  refused(
    () => db.exec("INSERT INTO docs(dataset_id, doc_id, filter) VALUES ('a', 'x', '{}')"),
    'VEC_QUERY',
    'filter cannot be written',
  )
})

test('a table or id column of that name keeps it', async () => {
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(filter); CREATE VIRTUAL TABLE filter USING vec(id)')
  db.exec("INSERT INTO docs(dataset_id, filter, embedding) VALUES ('a', 'x', '[1, 0]')")
  db.exec("INSERT INTO filter(filter) VALUES ('optimize')")
  const sql = "SELECT filter FROM docs WHERE dataset_id = 'a' AND filter MATCH '[1, 0]'"
  assert.deepEqual(db.prepare(sql).pluck().all(), ['x'])
})

test('a shadow table without meta says so', async () => {
  using db = await open(':memory:')
  db.exec(`CREATE TABLE _vec_docs(dataset_id TEXT, id TEXT, embedding BLOB, PRIMARY KEY (dataset_id, id));
    CREATE VIRTUAL TABLE docs USING vec(doc_id)`)
  refused(
    () => db.prepare("SELECT * FROM docs WHERE dataset_id = 'a' AND filter = '{}'").all(),
    'VEC_SHADOW',
    'main._vec_docs',
    'ADD COLUMN meta',
  )
})

test('triggers that do not watch meta serve searches, and are replaced without a new index', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'filter-column-'))
  const path = join(folder, 'docs.db')
  try {
    using db = await filled(path)
    const older = db
      .prepare("SELECT sql FROM sqlite_schema WHERE name = 'vec_journal__vec_docs_updated'")
      .pluck()
      .get() as string
    const unwatched = older.replace(/OLD\."meta" COLLATE BINARY IS NOT NEW\."meta" OR /, '')
    assert.notEqual(unwatched, older)
    db.exec(`DROP TRIGGER vec_journal__vec_docs_updated; ${unwatched}`)
    const epoch = (): unknown => db.prepare('SELECT epoch FROM vec_journal_state').pluck().get()
    const before = epoch()
    {
      using reader = await open(path, { readonly: true })
      assert.deepEqual(nearest(reader, { n: 5 }), ['d5'])
      reader.close()
    }
    const english = brute(db, "meta ->> '$.lang' = 'en'")
    db.prepare("UPDATE _vec_docs SET meta = '{}' WHERE id = ?").run(english[0] as string)
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(nearest(db, { lang: 'en' }), brute(db, "meta ->> '$.lang' = 'en'"))
    }
    const now = db
      .prepare("SELECT sql FROM sqlite_schema WHERE name = 'vec_journal__vec_docs_updated'")
      .pluck()
      .get()
    assert.equal(now, older)
    assert.equal(epoch(), before)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
