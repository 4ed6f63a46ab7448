import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { CollectionServer } from '../../src/worker/collections/collection-server.ts'
import { isOpen, preparedOn } from '../prepared-statements.ts'

const TEXTS = ['texts', 'SELECT name FROM names'] as const

test('a worker keeps a statement for each dataset that it keeps, and no other one', async () => {
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id); CREATE TABLE names(name)')
  const server = new CollectionServer(db)
  const prepared = preparedOn(db)
  for (let i = 0; i < 200; i++) {
    const place = { table: 'docs', dataset: `d${i}`, model: undefined }
    assert.deepEqual(server.answer({ op: 'documents', place, steps: [TEXTS] }), [[]])
    assert.deepEqual(server.answer({ op: 'documents', place, steps: [TEXTS] }), [[]])
  }
  assert.equal(prepared.filter(({ source }) => source === TEXTS[1]).length, 200)
  const { length } = prepared.filter(isOpen)
  assert.ok(length <= 64, `${length} statements are open`)
})
