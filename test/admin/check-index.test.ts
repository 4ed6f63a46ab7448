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
  filled,
  LARGE,
  newPath,
  SMALL,
  topics,
  unseen,
  vector,
} from './scene.ts'

test('a sound table has nothing to complain of, and a check changes nothing', async () => {
  const path = newPath()
  const db = await filled(path, LARGE)
  const before = db.totalChanges
  const version = db.pragma('schema_version', { simple: true })
  const found = admin(db, 'check:main._vec_docs:a')
  assert.deepEqual(topics(found), [
    'ok triggers',
    'info journal',
    'ok rows',
    'ok index',
    'ok storage',
    'info size',
  ])
  assert.deepEqual(
    found.map(row => row.dataset_id),
    [null, null, 'a', 'a', 'a', 'a'],
  )
  assert.match(found[2].op, /\b3000 rows\b.*\b100\b/)
  assert.match(found[3].op, /\b3000 rows\b/)
  assert.match(found[4].op, /\b3000 rows\b/)
  assert.equal(db.totalChanges, before)
  assert.equal(db.pragma('schema_version', { simple: true }), version)
  assert.equal(db.pragma('integrity_check', { simple: true }), 'ok')
  db.close()
})

test('an empty dataset asks for all of them, a dataset may hold colons, an unknown one has no rows', async () => {
  const db = await filled(newPath())
  const all = admin(db, 'check:docs:')
  assert.deepEqual([...new Set(all.map(row => row.dataset_id))], [null, 'a', 'b:c'])
  assert.equal(
    admin(db, 'check:docs:b:c')
      .find(row => row.topic === 'rows')
      ?.op.slice(0, 7),
    '10 rows',
  )
  assert.match(admin(db, 'check:docs:no')[2].op, /\b0 rows\b/)
  assert.deepEqual(
    admin(db, 'stats:docs:')
      .map(row => row.op)
      .filter(op => op.startsWith('rows')),
    ['rows: 30', 'rows: 10'],
  )
  assert.deepEqual(
    admin(db, 'optimize:docs:').map(row => `${row.dataset_id} ${row.op}`),
    ['a optimized', 'b:c optimized'],
  )
  db.close()
})

test('changes since the last query are told apart from damage', async () => {
  const path = newPath()
  const db = await filled(path, LARGE)
  elsewhere(
    path,
    `DELETE FROM _vec_docs WHERE id = 'doc 1';
     UPDATE _vec_docs SET id = 'other' WHERE id = 'doc 2' AND dataset_id = 'a'`,
  )
  const found = admin(db, 'check:docs:a')
  assert.deepEqual(complaints(found), [])
  assert.match(found.find(row => row.topic === 'index')!.op, /\b3 rows\b/)
  assert.match(found.find(row => row.topic === 'storage')!.op, /3 rows changed since/)
  assertExact(db, 'a', LARGE.dim)
  db.close()
})

for (const [name, size] of Object.entries({ small: SMALL, large: LARGE })) {
  test(`rows that changed unseen under a ${name} index in memory are found and mended`, async () => {
    const path = newPath()
    const db = await filled(path, size)
    unseen(
      path,
      `DELETE FROM _vec_docs WHERE dataset_id = 'a' AND id IN ('doc 3', 'doc 4');
       UPDATE _vec_docs SET id = 'new' WHERE dataset_id = 'a' AND id = 'doc 5';
       UPDATE _vec_docs SET embedding = (SELECT embedding FROM _vec_docs WHERE dataset_id = 'a' AND id = 'doc 7')
         WHERE dataset_id = 'a' AND id = 'doc 6'`,
    )
    const found = complaints(admin(db, 'check:docs:a'))
    const memory = found.filter(row => row.op.startsWith('the index in memory'))
    assert.deepEqual(topics(memory), [
      'error missing-rows',
      'error altered-rows',
      'warning stale-rows',
    ])
    assertNames(memory[0].op, '1 row', "'new'")
    assertNames(memory[1].op, '1 row', "'doc 6'")
    assertNames(memory[2].op, '3 rows', "'doc 3'", "'doc 4'", "'doc 5'")
    assert.equal(
      found.filter(row => row.op.startsWith('the saved index')).length,
      size === LARGE ? 3 : 0,
    )
    // The remedy is what it says it is.
    const done = db.prepare(memory[0].remedy!).all() as { op: string }[]
    assert.ok(done.some(({ op }) => op.includes(`${size.rows - 2} embedded rows`)))
    assert.deepEqual(complaints(admin(db, 'check:docs:a')), [])
    assertExact(db, 'a', size.dim)
    db.close()
  })
}

test('what changed unseen under a saved index is found before it is used, and mended', async () => {
  const path = newPath()
  const first = await filled(path, LARGE)
  first.close()
  unseen(path, "DELETE FROM _vec_docs WHERE dataset_id = 'a' AND id = 'doc 3'")
  const db = await open(path)
  assert.deepEqual(topics(complaints(admin(db, 'check:docs:a'))), ['warning stale-rows'])
  const done = assertMends(db, 'repair:docs:a', LARGE.dim)
  assert.deepEqual(topics(done), ['ok stale-rows', 'ok index'])
  // It is saved again.
  db.close()
  const again = await open(path)
  const storage = admin(again, 'check:docs:a').find(row => row.topic === 'storage')
  assert.equal(storage?.severity, 'ok')
  assertNames(storage.op, '2999 rows')
  again.close()
})

test('a repair tells the indexes of other connections, too', async () => {
  const path = newPath()
  const db = await filled(path, SMALL)
  const { Worker } = await import('node:worker_threads')
  // Another isolate: it has its own memory and its own index of dataset a.
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads')
     import(${JSON.stringify(new URL('../../src/entries/main.js', import.meta.url).href)}).then(async ({ open }) => {
       const db = await open(${JSON.stringify(path)})
       const search = db.prepare("SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? LIMIT 3").pluck()
       parentPort.on('message', query => {
         parentPort.postMessage(search.all(query))
       })
       parentPort.postMessage('ready')
     })`,
    { eval: true },
  )
  try {
    const next = (): Promise<unknown> => new Promise(resolve => worker.once('message', resolve))
    assert.equal(await next(), 'ready')
    const ask = (): Promise<unknown> => {
      const answer = next()
      worker.postMessage(vector(8, SMALL.dim))
      return answer
    }
    const nearest = (): unknown =>
      db
        .prepare("SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? LIMIT 3")
        .pluck()
        .all(vector(8, SMALL.dim))
    assert.deepEqual(await ask(), nearest())
    unseen(path, "UPDATE _vec_docs SET id = 'renamed' WHERE dataset_id = 'a' AND id = 'doc 8'")
    admin(db, 'repair:docs:a')
    assert.equal((nearest() as string[])[0], 'renamed')
    assert.deepEqual(await ask(), nearest())
  } finally {
    await worker.terminate()
    db.close()
  }
})
