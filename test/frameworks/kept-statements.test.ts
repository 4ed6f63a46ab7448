import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { storeDatabase } from '../../src/frameworks/store-database.ts'
import { isOpen, preparedOn } from '../prepared-statements.ts'

const NAMES = 'SELECT name FROM names'

test('the end of a store ends its statements', async () => {
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id); CREATE TABLE names(name)')
  const store = storeDatabase('test', db)
  const documents = store.documents({ table: 'docs', words: false }, { dataset: 'd' })
  const prepared = preparedOn(db)
  for (const sql of [NAMES, 'SELECT 1 FROM names', NAMES])
    assert.deepEqual(await documents.steps('test', [['texts', sql]]), [[]])
  assert.equal(prepared.filter(isOpen).length, 1)
  documents.close()
  assert.deepEqual(prepared.filter(isOpen), [])
})
