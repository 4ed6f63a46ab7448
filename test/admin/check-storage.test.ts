import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { assertNames } from '../refusal.ts'
import {
  admin,
  assertExact,
  assertMends,
  complaints,
  elsewhere,
  fill,
  filled,
  LARGE,
  newPath,
  topics,
} from './scene.ts'

const DATA = 'UPDATE vector_storage_chunks SET data ='

/** What befalls a saved index, and what a check says of it. */
const damages: readonly { name: string; sql: string; op: RegExp }[] = [
  {
    name: 'a bit of a chunk flips',
    sql: `${DATA} CAST(substr(data, 1, 99) || x'5a' || substr(data, 101) AS BLOB) WHERE section = 'split' AND chunk = 2`,
    op: /: chunk 2 of split is damaged$/,
  },
  {
    name: 'a chunk is cut short',
    sql: `${DATA} substr(data, 1, 100) WHERE section = 'ids.pool' AND chunk = 0`,
    op: /: chunk 0 of ids\.pool is damaged$/,
  },
  {
    name: 'a chunk in the middle is gone',
    sql: `DELETE FROM vector_storage_chunks WHERE section = 'split' AND chunk = 1`,
    op: /: chunk 1 of split is missing$/,
  },
  {
    name: 'the last chunk is gone',
    sql: `DELETE FROM vector_storage_chunks WHERE section = 'split' AND chunk =
      (SELECT max(chunk) FROM vector_storage_chunks WHERE section = 'split')`,
    op: /: chunk 5 of split is missing$/,
  },
  {
    name: 'a chunk is there that nobody wrote',
    sql: `INSERT INTO vector_storage_chunks SELECT shadow_table_name, dataset_id, section, 77, x'00' FROM vector_storage_chunks WHERE section = 'split' AND chunk = 0`,
    op: /: split has a chunk 77 that its manifest does not list$/,
  },
  {
    name: 'all chunks are gone',
    sql: 'DELETE FROM vector_storage_chunks',
    op: /: chunk 0 of split is missing$/,
  },
  {
    name: 'the table of chunks is gone',
    sql: 'DROP TABLE vector_storage_chunks',
    op: /vector_storage_chunks/,
  },
  {
    name: 'a bit of the head flips',
    sql: `UPDATE vector_storage SET "index" = CAST(substr("index", 1, 30) || x'ff' || substr("index", 32) AS BLOB)`,
    op: /checksum/,
  },
  {
    name: 'the head is cut short',
    sql: `UPDATE vector_storage SET "index" = substr("index", 1, 6)`,
    op: /short/,
  },
  {
    name: 'the head comes from another dataset',
    sql: `UPDATE vector_storage SET dataset_id = 'b:c'; UPDATE vector_storage_chunks SET dataset_id = 'b:c'`,
    op: /another/,
  },
  {
    name: 'the journal begins anew',
    sql: 'UPDATE vec_journal SET tag = tag + 1',
    op: /journal/,
  },
]

for (const { name, sql, op } of damages) {
  test(`${name}: a check says so, answers stay right, and a repair mends it`, async () => {
    const path = newPath()
    const first = await filled(path, LARGE)
    first.close()
    elsewhere(path, sql)
    const db = await open(path)
    const before = db.totalChanges
    const found = complaints(admin(db, 'check:docs:'))
    assert.ok(topics(found).every(topic => topic === 'warning storage'))
    assert.match(found.at(-1)!.op, op)
    assert.equal(db.totalChanges, before)
    assertExact(db, 'a', LARGE.dim)
    db.exec(found.at(-1)!.remedy!)
    assertMends(db, 'repair:docs:', LARGE.dim)
    const storage = admin(db, 'check:docs:a').find(row => row.topic === 'storage')!
    assert.equal(storage.severity, 'ok')
    assertNames(storage.op, '3000 rows')
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok')
    db.close()
  })
}

test('what nothing reads any more is told, and deleted', async () => {
  const path = newPath()
  const db = await filled(path, LARGE)
  fill(db, 'docs', 'gone', 3000, 100)
  admin(db, 'docs:gone')
  elsewhere(
    path,
    `INSERT INTO vector_storage SELECT 'main._vec_nowhere', dataset_id, "index" FROM vector_storage WHERE dataset_id = 'a';
     INSERT INTO vector_storage SELECT '_vec_docs', dataset_id, "index" FROM vector_storage WHERE shadow_table_name = 'main._vec_docs' AND dataset_id = 'a';
     INSERT INTO vector_storage_chunks SELECT 'main._vec_docs', 'a', 'split', chunk, data FROM vector_storage_chunks WHERE dataset_id = 'a' AND section = 'none';
     INSERT INTO vector_storage_chunks VALUES ('main._vec_docs', 'never', 'split', 0, x'00'), ('main._vec_nowhere', 'b', 'split', 0, x'00');
     DELETE FROM _vec_docs WHERE dataset_id = 'gone'`,
  )
  const found = complaints(admin(db, 'check:docs:'))
  assert.equal(found.length, 3)
  assertNames(found[0].op, 'vector_storage', '2 rows')
  assertNames(found[1].op, 'vector_storage', '1 row')
  assertNames(found[2].op, 'vector_storage_chunks', '2 rows')
  assert.ok(found.every(row => row.severity === 'warning' && row.topic === 'orphans'))
  assertMends(db, 'repair:docs:', LARGE.dim)
  assert.deepEqual(
    db
      .prepare('SELECT DISTINCT shadow_table_name, dataset_id FROM vector_storage_chunks')
      .raw()
      .all(),
    [['main._vec_docs', 'a']],
  )
  assert.equal(db.prepare('SELECT count(*) FROM vector_storage').pluck().get(), 1)
  db.close()
})

test('storage tables of another shape are no reason to fail', async () => {
  const path = newPath()
  const first = await filled(path)
  first.close()
  elsewhere(path, 'DROP TABLE vector_storage; CREATE TABLE vector_storage(mine TEXT)')
  const db = await open(path)
  const [found] = complaints(admin(db, 'check:docs:a'))
  assert.deepEqual([found.severity, found.topic], ['error', 'storage'])
  assertExact(db, 'a', 4)
  db.exec(found.remedy!)
  assertMends(db, 'repair:docs:a', 4)
  db.close()
})
