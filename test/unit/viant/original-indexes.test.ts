import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from '../../../src/entries/main.ts'
import { originalIndexes } from '../../../src/viant/export/original-indexes.ts'

test('indexes of the original are dropped, ours stay', async () => {
  using db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id);
    INSERT INTO vector_storage VALUES ('main._vec_docs', 'ours', x'5356543100'),
      ('main._vec_docs', 'theirs', x'0102030405'), ('main._vec_other', 'theirs', x'0102030405')`)
  originalIndexes.drop({ db, schema: 'main', name: '_vec_docs' })
  assert.deepEqual(
    db.prepare('SELECT shadow_table_name, dataset_id FROM vector_storage').raw().all(),
    [
      ['main._vec_docs', 'ours'],
      ['main._vec_other', 'theirs'],
    ],
  )
})
