import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'

test('generated columns of a shadow table count like others, and their changes are seen', async () => {
  using db = await open(':memory:')
  db.exec(`CREATE TABLE _vec_docs(dataset_id TEXT, id TEXT, content TEXT, meta TEXT, base BLOB,
      embedding BLOB AS (base) STORED, archived INTEGER AS (json_extract(meta, '$.archived')) VIRTUAL,
      PRIMARY KEY (dataset_id, id));
    CREATE VIRTUAL TABLE docs USING vec(doc_id)`)
  const put = db.prepare(
    `INSERT INTO _vec_docs(dataset_id, id, meta, base) VALUES ('a', ?, ?, vec_f32(?))`,
  )
  put.run('x', '{}', '[1, 0]')
  put.run('y', '{"archived": 1}', '[1, 0]')
  put.run('z', '{}', '[0, 1]')
  const found = (): unknown =>
    db
      .prepare(`SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]'`)
      .pluck()
      .all()
  assert.deepEqual(found(), ['x', 'z'])
  db.exec(`UPDATE _vec_docs SET meta = '{"archived": 1}' WHERE id = 'x'`)
  assert.deepEqual(found(), ['z'])
  db.exec(
    `UPDATE _vec_docs SET meta = '{}' WHERE id = 'y'; UPDATE _vec_docs SET base = vec_f32('[2, 0]') WHERE id = 'z'`,
  )
  assert.deepEqual(found(), ['y', 'z'])
  db.exec(`UPDATE _vec_docs SET base = vec_f32('[-2, 0]') WHERE id = 'y'`)
  assert.deepEqual(found(), ['z', 'y'])
})
