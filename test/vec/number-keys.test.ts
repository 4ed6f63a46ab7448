import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'

test('a number as dataset_id or id is its digits, in every statement', async () => {
  using db = await open(':memory:')
  db.exec(
    'CREATE VIRTUAL TABLE docs USING vec(doc_id); CREATE TABLE tenants(id INTEGER, real REAL)',
  )
  db.exec('INSERT INTO tenants VALUES (7, 7.0)')
  const insert = db.prepare(
    `INSERT INTO docs(dataset_id, doc_id, embedding) VALUES (?, ?, '[1, 0]')`,
  )
  for (const number of [7, 7n, 0, -1, 2 ** 53 - 1, 2n ** 62n]) {
    insert.run(number, number)
    const text = String(number)
    const stored = db
      .prepare(`SELECT typeof(dataset_id) || typeof(id) || dataset_id || id FROM _vec_docs`)
      .pluck()
      .all()
    assert.deepEqual(stored, [`texttext${text}${text}`])
    for (const given of [number, text]) {
      for (const where of [
        'dataset_id = ?1',
        'dataset_id IN (?1)',
        'dataset_id = ?1 AND doc_id = ?1',
        'dataset_id = ?1 AND doc_id IN (?1)',
      ]) {
        for (const match of ['', `AND doc_id MATCH '[1, 0]'`]) {
          const sql = `SELECT doc_id FROM docs WHERE ${where} ${match}`
          assert.deepEqual(db.prepare(sql).pluck().all(given), [text], `${sql} ${typeof given}`)
        }
      }
    }
    assert.equal(
      db
        .prepare(`UPDATE docs SET content = 'c' WHERE dataset_id = ? AND doc_id = ?`)
        .run(number, number).changes,
      1,
    )
    assert.equal(
      db.prepare('DELETE FROM docs WHERE dataset_id = ? AND doc_id = ?').run(number, number)
        .changes,
      1,
    )
  }
  insert.run(7, 1)
  const joined = `SELECT v.doc_id FROM tenants t JOIN docs v ON v.dataset_id = t.`
  for (const column of ['id', 'real']) {
    assert.deepEqual(db.prepare(`${joined}${column} AND v.doc_id MATCH '[1, 0]'`).pluck().all(), [
      '1',
    ])
    assert.deepEqual(db.prepare(`${joined}${column}`).pluck().all(), ['1'])
  }
})

test('a byte order mark is a part of a dataset name and of an id', async () => {
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  const insert = db.prepare(
    `INSERT INTO docs(dataset_id, doc_id, embedding) VALUES (?, ?, '[1, 0]')`,
  )
  const search = db.prepare(
    `SELECT dataset_id, doc_id FROM docs WHERE dataset_id = ? AND doc_id MATCH '[1, 0]'`,
  )
  for (const mark of ['', '\ufeff']) insert.run(`${mark}x`, `${mark}a`)
  for (const mark of ['', '\ufeff'])
    assert.deepEqual(search.raw().all(`${mark}x`), [[`${mark}x`, `${mark}a`]])
})

test('a BLOB names the dataset of its text, and equals no id', async () => {
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  db.exec(
    "INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', '1', '[1, 0]'), ('a', '2', '[0, 1]')",
  )
  for (const [where, found] of [
    ["dataset_id = x'61'", ['1', '2']],
    ["dataset_id IN ('a', x'61')", ['1', '2']],
    ["dataset_id IN (x'61', 'a', NULL)", ['1', '2']],
    ["dataset_id IN (x'61', x'61')", ['1', '2']],
    ["dataset_id IN (SELECT 'a' UNION ALL SELECT x'61')", ['1', '2']],
    ["dataset_id = 'a' AND doc_id = x'31'", []],
    ["dataset_id = 'a' AND doc_id IN (x'31', '2')", ['2']],
    ["dataset_id = 'a' AND (doc_id = x'31' OR doc_id = '2')", ['2']],
  ] as const) {
    for (const match of ['', "AND doc_id MATCH '[1, 0]'"]) {
      const sql = `SELECT doc_id FROM docs WHERE ${where} ${match}`
      assert.deepEqual(db.prepare(sql).pluck().all(), found, sql)
    }
  }
})

test('two values of k contradict each other', async () => {
  using db = await open(':memory:')
  db.exec(
    "CREATE VIRTUAL TABLE docs USING vec(doc_id); INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', '1', '[1, 0]')",
  )
  const sql =
    "SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]' AND k = ? AND k = ?"
  assert.deepEqual(db.prepare(sql).pluck().all(1, 2), [])
  assert.deepEqual(db.prepare(sql).pluck().all(2, 2), ['1'])
})
