import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEmbedding, insertMany, open, type Connection } from '../../src/entries/main.ts'
import { refused } from '../refusal.ts'
import { seededTest } from '../seed.ts'
import { Random } from './random.ts'

const seeded = seededTest('VEC_SEED')
const DIM = 80
const ROWS = 4500

async function filled(r: Random): Promise<Connection> {
  const db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, lang TEXT, year INTEGER, "unit price" REAL)')
  insertMany(
    db,
    'docs',
    ['dataset_id', 'doc_id', 'lang', 'year', 'unit price', 'embedding'],
    Array.from({ length: ROWS }, (_, i) => row(r, `d${i}`)),
  )
  return db
}

type Value = string | number | null | Uint8Array

function row(r: Random, id: string): Value[] {
  const lang = r.pick(['en', 'de', 'fr', 'EN', '', '7', null])
  const year = r.pick([2000 + r.below(25), null, 'unknown', 2010.5])
  const price = r.pick([r.next() * 100, r.below(100), null])
  const vector = encodeEmbedding(Array.from({ length: DIM }, () => r.next() - 0.5))
  return ['a', id, lang, year, price, vector]
}

const CONDITIONS: readonly (readonly [where: string, ...values: Value[]])[] = [
  ['lang = ?', 'en'],
  ['lang = ?', 7],
  ['lang <> ?', 'en'],
  ['lang IS NULL'],
  ['lang IS NOT NULL AND year IS NULL'],
  ['lang IN (?, ?, ?)', 'en', 'fr', null],
  ['lang IN (?, ?)', 'de', new Uint8Array([100, 101])],
  ['year = ?', '2010'],
  ['year >= ?', 2015],
  ['year > ? AND year <= ?', 2003, 2007],
  ['year BETWEEN ? AND ?', 2010, 2012],
  ['year < ?', 'm'],
  ['year IN (?, ?, ?)', 2001, 2002.5, 2010.5],
  ['year IN (SELECT value FROM json_each(?))', '[2001, 2003]'],
  ['"unit price" < ? AND lang = ?', 10, 'en'],
  ['"unit price" = ?', 50],
  ['lang = ?', null],
  ['lang > ?', new Uint8Array([1])],
]

seeded(
  'conditions on metadata columns are applied before the k nearest, as SQL means them',
  async () => {
    const r = new Random(90)
    using db = await filled(r)
    for (let round = 0; round < 2; round++) {
      for (const [where, ...values] of CONDITIONS) {
        const query = encodeEmbedding(Array.from({ length: DIM }, () => r.next() - 0.5))
        const k = r.pick([1, 10, 100])
        const search = `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? AND k = ? AND ${where}`
        const found = db
          .prepare(search)
          .pluck()
          .all(query, k, ...values)
        const brute = `SELECT id FROM _vec_docs WHERE dataset_id = 'a' AND ${where} ORDER BY vec_cosine(embedding, ?) DESC, id LIMIT ?`
        assert.deepEqual(
          found,
          db
            .prepare(brute)
            .pluck()
            .all(...values, query, k),
          `${where} ${values.join()}`,
        )
        const scan = `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND ${where}`
        const plain = `SELECT id FROM _vec_docs WHERE dataset_id = 'a' AND ${where} ORDER BY rowid`
        assert.deepEqual(
          db
            .prepare(scan)
            .pluck()
            .all(...values),
          db
            .prepare(plain)
            .pluck()
            .all(...values),
          where,
        )
        // Before the next one some rows change.
        const columns = 'dataset_id, doc_id, lang, year, "unit price", embedding'
        const replace = `INSERT OR REPLACE INTO docs(${columns}) VALUES (?, ?, ?, ?, ?, ?)`
        for (let i = 0; i < 5; i++) db.prepare(replace).run(...row(r, `d${r.below(ROWS)}`))
        const update = `UPDATE docs SET lang = ?, year = year + 1 WHERE dataset_id = 'a' AND doc_id = ?`
        db.prepare(update).run(r.pick(['en', null]), `d${r.below(ROWS)}`)
        db.prepare('UPDATE _vec_docs SET lang = ? WHERE id = ?').run('fr', `d${r.below(ROWS)}`)
      }
    }
  },
)

test('metadata columns are read, written, joined and filtered together with meta', async () => {
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, lang TEXT, metric=euclidean, "order" INT)')
  db.exec(`INSERT INTO docs(dataset_id, doc_id, lang, "order", meta, embedding) VALUES
    ('a', 'x', 'en', 1, '{"n": 1}', '[1, 0]'), ('a', 'y', 'de', 2, '{"n": 2}', '[0, 1]'), ('a', 'z', 'en', 3, NULL, '[0, 2]')`)
  assert.deepEqual(db.prepare("SELECT * FROM docs WHERE dataset_id = 'a'").raw().all(), [
    ['a', 'x', 'en', 1],
    ['a', 'y', 'de', 2],
    ['a', 'z', 'en', 3],
  ])
  const search = `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[0, 1]' AND k = 1`
  const all = (more: string): unknown[] => db.prepare(`${search} AND ${more}`).pluck().all()
  assert.deepEqual(all("lang = 'en'"), ['z'])
  assert.deepEqual(all(`lang = 'en' AND filter = '{"n": {"$exists": true}}'`), ['x'])
  assert.deepEqual(all('"order" < 3 AND "order" > 1'), ['y'])
  assert.deepEqual(
    db
      .prepare(
        `SELECT d.doc_id FROM (SELECT 'de' l) q JOIN docs d ON d.lang = q.l WHERE d.dataset_id = 'a'`,
      )
      .pluck()
      .all(),
    ['y'],
  )
  db.exec(
    `ALTER TABLE docs RENAME TO papers; UPDATE papers SET "order" = NULL WHERE dataset_id = 'a' AND doc_id = 'z'`,
  )
  assert.equal(
    db.prepare(`SELECT count(*) FROM _vec_papers WHERE "order" IS NULL`).pluck().get(),
    1,
  )
})

test('values of each type are compared as in any table', async () => {
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, lang TEXT, year INTEGER, price REAL)')
  db.exec('CREATE TABLE numbers(whole INTEGER, broken REAL, word TEXT)')
  const values = [
    '1',
    '1.0',
    `'1'`,
    `'1.0'`,
    `'01'`,
    '1.5',
    'NULL',
    `x'31'`,
    '9007199254740993',
    '9e999',
    `'a'`,
  ]
  for (const [i, value] of values.entries()) {
    db.exec(`INSERT INTO numbers VALUES (${value}, ${value}, ${value});
      INSERT INTO _vec_docs(dataset_id, id, embedding, lang, year, price) VALUES ('a', '${i}', vec_f32('[1, 0]'), ${value}, ${value}, ${value})`)
  }
  for (const column of ['lang', 'year', 'price']) {
    const lists = ['whole', 'broken', 'word'].map(name => `IN (SELECT ${name} FROM numbers)`)
    const comparisons = ['=', '<>', '<', '<=', '>', '>='].flatMap(comparison =>
      values.map(value => `${comparison} ${value}`),
    )
    const pairs = values.map(value => `IN (${value}, 'none')`)
    for (const condition of [...lists, ...comparisons, ...pairs]) {
      const where = `dataset_id = 'a' AND ${column} ${condition}`
      const all = (sql: string): unknown[] => db.prepare(sql).pluck().all()
      const expected = all(`SELECT id FROM _vec_docs WHERE ${where} ORDER BY id`)
      const search = `SELECT doc_id FROM docs WHERE ${where} AND doc_id MATCH '[1, 0]'`
      assert.deepEqual(all(search), expected, where)
    }
  }
})

test('a shadow table whose columns are of other types compares as the vec table declares', async () => {
  using db = await open(':memory:')
  db.exec(`CREATE TABLE _vec_docs(dataset_id TEXT, id TEXT, embedding BLOB, year TEXT, price, PRIMARY KEY (dataset_id, id));
    CREATE VIRTUAL TABLE docs USING vec(doc_id, year INTEGER, price REAL);
    INSERT INTO _vec_docs VALUES ('a', 'x', vec_f32('[1, 0]'), '1999', '5'), ('a', 'y', vec_f32('[1, 1]'), 2005, 5)`)
  for (const [condition, ...expected] of [
    ['year = 1999', 'x'],
    ['year > 200', 'x', 'y'],
    [`year > '200'`, 'x', 'y'],
    ['year IN (1999, 2005.5)', 'x'],
    ['price = 5', 'x', 'y'],
    [`price = '5.0'`, 'x', 'y'],
    ['price IN (5, 6)', 'x', 'y'],
    ['price < 5'],
  ]) {
    const sql = `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]' AND ${condition}`
    assert.deepEqual(db.prepare(sql).pluck().all(), expected, condition)
  }
})

test('two conditions whose values read alike in a row are two', async () => {
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, lang TEXT, topic TEXT)')
  db.exec(
    `INSERT INTO docs(dataset_id, doc_id, lang, topic, embedding) VALUES ('a', 'x', 'p', 'q' || char(0) || 'text r', '[1, 0]')`,
  )
  const search = `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]' AND lang = ? AND topic = ?`
  assert.deepEqual(db.prepare(search).pluck().all('p\0text q', 'r'), [])
  assert.deepEqual(db.prepare(search).pluck().all('p', 'q\0text r'), ['x'])
})

seeded('a list may be of any length and hold numbers, texts and NULL', async () => {
  using db = await filled(new Random(91))
  db.exec(`CREATE TABLE wanted(value); INSERT INTO wanted VALUES (NULL), ('en'), (2010.5);
    WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 40000) INSERT INTO wanted SELECT i + 3000.25 FROM n`)
  for (const column of ['lang', 'year']) {
    const where = `dataset_id = 'a' AND ${column} IN (SELECT value FROM wanted)`
    const found = db.prepare(`SELECT doc_id FROM docs WHERE ${where} ORDER BY 1`).pluck().all()
    const expected = db.prepare(`SELECT id FROM _vec_docs WHERE ${where} ORDER BY 1`).pluck().all()
    assert.ok(expected.length > 0)
    assert.deepEqual(found, expected)
  }
})

test('columns come to a shadow table that is there, and one that is gone is named', async () => {
  using db = await open(':memory:')
  db.exec(`CREATE TABLE _vec_docs(dataset_id TEXT, id TEXT, Lang TEXT, embedding BLOB, PRIMARY KEY (dataset_id, id));
    INSERT INTO _vec_docs VALUES ('a', 'x', 'en', vec_f32('[1, 0]'));
    CREATE VIRTUAL TABLE docs USING vec(doc_id, lang TEXT, year INTEGER)`)
  const all = (where: string): unknown[] =>
    db.prepare(`SELECT doc_id FROM docs WHERE dataset_id = 'a' AND ${where}`).pluck().all()
  assert.deepEqual(all("lang = 'en' AND year IS NULL"), ['x'])
  db.exec("UPDATE docs SET year = 2020 WHERE dataset_id = 'a'")
  assert.deepEqual(all('year = 2020'), ['x'])
  db.exec('DROP TRIGGER vec_journal__vec_docs_updated; ALTER TABLE _vec_docs DROP COLUMN year')
  refused(() => all('year = 2020'), 'VEC_SHADOW', 'year', 'ADD COLUMN')
})

test('declarations that cannot be are refused', async () => {
  using db = await open(':memory:')
  for (const [declaration, ...told] of [
    ['lang BLOB', 'lang', 'BLOB', 'TEXT, INTEGER'],
    ['lang', 'lang', 'name TYPE'],
    ['content TEXT', 'content'],
    ['archived INTEGER', 'archived'],
    ['rowid INTEGER', 'rowid'],
    ['doc_id TEXT', 'doc_id'],
    ['docs TEXT', 'docs'],
    ['a TEXT, A TEXT', 'A'],
  ]) {
    refused(
      () => db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, ${declaration})`),
      'VEC_OPTION',
      ...told,
    )
  }
})

test('many conditions on columns leave the bitmaps that reading the table took', async () => {
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, year INTEGER)')
  const rows = Array.from({ length: 300 }, (_, i) => {
    const meta = JSON.stringify({ half: i % 2 })
    return ['a', `d${i}`, i, meta, encodeEmbedding([Math.sin(i), Math.cos(i)])]
  })
  insertMany(db, '_vec_docs', ['dataset_id', 'id', 'year', 'meta', 'embedding'], rows)
  const search = (condition: string): unknown[] =>
    db
      .prepare(
        `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? AND k = 3 AND ${condition}`,
      )
      .all(encodeEmbedding([1, 0]))
  const inMeta = `filter = '{"half": 1}'`
  search(inMeta)
  for (let year = 0; year < 100; year++) search(`year = ${year}`)
  search(inMeta)
  const ways = db
    .prepare("SELECT op FROM vec_admin WHERE op MATCH 'explain:docs:a' AND topic = 'filter'")
    .pluck()
    .all()
  assert.match(String(ways.at(-1)), /through a bitmap that was known, for 150 of 300/)
})
