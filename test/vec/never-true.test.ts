import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import { refused } from '../refusal.ts'

async function docs(): Promise<Connection> {
  const db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, lang TEXT)')
  db.exec("INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'x', '[1, 2]')")
  return db
}

test('a condition that is never true gives no rows, whatever else is asked', async () => {
  using db = await docs()
  for (const where of [
    "dataset_id = 'a' AND 0",
    "dataset_id = 'a' AND doc_id IN ()",
    "doc_id IN () AND dataset_id = 'a' AND doc_id MATCH '[1, 2]'",
    'dataset_id IN ()',
  ]) {
    assert.deepEqual(db.prepare(`SELECT doc_id FROM docs WHERE ${where}`).all(), [], where)
    assert.equal(db.prepare(`DELETE FROM docs WHERE ${where}`).run().changes, 0, where)
  }
  assert.equal(db.prepare('SELECT count(*) FROM _vec_docs').pluck().get(), 1)
})

test('a query without a dataset is refused before it reads a row', async () => {
  using db = await docs()
  const all = (sql: string) => (): unknown => db.prepare(sql).all()
  refused(all('SELECT doc_id FROM docs'), 'VEC_QUERY', 'dataset_id constraint required')
  refused(all('SELECT doc_id FROM docs WHERE 1'), 'VEC_QUERY', 'dataset_id constraint required')
  refused(
    all("SELECT doc_id FROM docs WHERE doc_id MATCH '[1, 2]'"),
    'VEC_QUERY',
    'dataset_id constraint is required with MATCH',
  )
})

test('text that is not UTF-8 comes out of a vec table byte for byte, and stays so in an UPDATE', async () => {
  using db = await docs()
  const text = "CAST(x'41ff42' AS TEXT)"
  db.exec(
    `INSERT INTO docs(dataset_id, doc_id, content, meta, lang) VALUES ('u', 'y', ${text}, ${text}, ${text})`,
  )
  const stored = db
    .prepare(
      "SELECT hex(content), hex(meta), hex(lang) FROM docs WHERE dataset_id = 'u' AND doc_id = 'y'",
    )
    .raw()
  assert.deepEqual(stored.get(), ['41FF42', '41FF42', '41FF42'])
  db.exec("UPDATE docs SET lang = lang || 'C' WHERE dataset_id = 'u' AND doc_id = 'y'")
  assert.deepEqual(stored.get(), ['41FF42', '41FF42', '41FF4243'])
})

test('a REAL in a column of text is the text that SQLite makes of it', async () => {
  using db = await docs()
  db.exec('CREATE TABLE plain(lang TEXT)')
  const insert = db.prepare("INSERT INTO docs(dataset_id, doc_id, lang) VALUES ('r', ?, ?)")
  const plain = db.prepare('INSERT INTO plain VALUES (?)')
  const sql = [1.0, 0.1, -0.0, 1e300].map(value => `SELECT CAST(${value} AS REAL)`)
  for (const [i, select] of sql.entries()) {
    db.exec(`INSERT INTO docs(dataset_id, doc_id, lang) VALUES ('r', 'r${i}', (${select}))`)
    db.exec(`INSERT INTO plain VALUES ((${select}))`)
  }
  // A whole number of JavaScript is an INTEGER, there and here.
  insert.run('whole', 7)
  plain.run(7)
  const read = (table: string): unknown =>
    db.prepare(`SELECT lang FROM ${table} ORDER BY rowid`).pluck().all()
  const expected = read('plain')
  assert.deepEqual((expected as string[]).slice(0, 2), ['1.0', '0.1'])
  assert.deepEqual(read("docs WHERE dataset_id = 'r'"), expected)
})
