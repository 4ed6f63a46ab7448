import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEmbedding, insertMany, open, type Connection } from '../../src/entries/main.ts'

const SEARCH = `SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH '[1, 0]' AND doc_id IN`

async function filled(rows: number): Promise<Connection> {
  const db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  insertMany(
    db,
    '_vec_docs',
    ['dataset_id', 'id', 'embedding'],
    Array.from({ length: rows }, (_, i) => ['d', String(i), encodeEmbedding([rows - i, 1])]),
  )
  return db
}

test('numbers in a list are the text they are in a TEXT column, each once', async () => {
  const db = await filled(10)
  const ids = (list: string): unknown[] => db.prepare(`${SEARCH} (${list})`).pluck().all()
  assert.deepEqual(ids("5, '5', 3, NULL, x'34', '9'"), ['3', '5', '9'])
  const scan = `SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id IN (5, '5', '3')`
  assert.deepEqual(db.prepare(`${scan} ORDER BY doc_id`).pluck().all(), ['3', '5'])
  db.close()
})

test('ids that are no UTF-8 are found among few and among many', async () => {
  const db = await filled(1000)
  db.exec(
    `INSERT INTO _vec_docs(dataset_id, id, embedding)
     VALUES ('d', CAST(x'ff61' AS TEXT), x'0000803f00000000'), ('d', CAST(x'fe61' AS TEXT), x'0000803f00000000')`,
  )
  const found = (where: string): unknown[] =>
    db
      .prepare(
        `SELECT hex(CAST(doc_id AS BLOB)) FROM docs WHERE dataset_id = 'd' AND doc_id MATCH '[1, 0]'
         AND k = 2 AND doc_id IN (SELECT id FROM _vec_docs WHERE ${where})`,
      )
      .pluck()
      .all()
  assert.deepEqual(found("id > 'a'"), ['FE61', 'FF61'])
  assert.deepEqual(found('true'), ['FE61', 'FF61'])
  db.close()
})
