import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { refused } from '../refusal.ts'

test('everything on a closed connection says that it is closed', async () => {
  const db = await open(':memory:')
  const statement = db.prepare('SELECT 1')
  const rows = statement.iterate()
  rows.next()
  db.close()
  db.close()
  assert.equal(db.open, false)
  for (const use of [
    () => db.exec('SELECT 1'),
    () => db.prepare('SELECT 1'),
    () => db.pragma('user_version'),
    () => db.function('f', () => 1),
    () => db.transaction(() => 1)(),
    () => db.transactionState(),
    () => db.filename(),
    () => db.isReadonly(),
    () => statement.get(),
    () => rows.next(),
  ]) {
    refused(use, 'VEC_CLOSED', 'connection', 'open()')
  }
  statement.finalize()
})

test('using closes the connection, and rolls back what was open', async () => {
  let outside
  {
    using db = await open(':memory:')
    db.exec('BEGIN; CREATE TABLE t(x)')
    outside = db
  }
  assert.equal(outside.open, false)
})

test('onClose runs its tasks once, the last one first, while the connection works', async () => {
  const db = await open(':memory:')
  const order: unknown[] = []
  db.onClose(() => order.push(db.prepare('SELECT 1').pluck().get()))
  db.onClose(() => order.push('first'))
  db.close().close()
  assert.deepEqual(order, ['first', 1])
})

test('pragma gives rows, or the first value of the first row', async () => {
  using db = await open(':memory:')
  db.pragma('user_version = 7')
  assert.deepEqual(db.pragma('user_version'), [{ user_version: 7 }])
  assert.equal(db.pragma('user_version', { simple: true }), 7)
})

test('exec stops at the first error, and keeps what went before', async () => {
  using db = await open(':memory:')
  refused(
    () =>
      db.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1); nonsense; INSERT INTO t VALUES (2)'),
    'SQLITE_ERROR',
    'near "nonsense": syntax error',
  )
  assert.deepEqual(db.prepare('SELECT x FROM t').pluck().all(), [1])
})

test('SQL text that is none is refused', async () => {
  using db = await open(':memory:')
  assert.throws(() => db.prepare(5 as unknown as string), TypeError)
})

test('transactionState tells none, read and write, for each schema', async () => {
  using db = await open(':memory:')
  db.exec("CREATE TABLE t(x); INSERT INTO t VALUES (1), (2); ATTACH ':memory:' AS other")
  assert.equal(db.transactionState(), 'none')
  for (const _ of db.prepare('SELECT x FROM t').iterate())
    assert.equal(db.transactionState('main'), 'read')
  db.exec('BEGIN; INSERT INTO t VALUES (3)')
  assert.deepEqual(
    ['main', 'other'].map(schema => db.transactionState(schema)),
    ['write', 'none'],
  )
  db.exec('COMMIT')
})

test('interrupt ends the statement that runs', async () => {
  using db = await open(':memory:')
  db.function('stop', () => db.interrupt())
  refused(
    () =>
      db
        .prepare(
          'WITH RECURSIVE n(x) AS (SELECT stop() UNION ALL SELECT x FROM n) SELECT count(*) FROM n',
        )
        .get(),
    'SQLITE_INTERRUPT',
    'interrupted',
  )
  assert.equal(db.prepare('SELECT 1').pluck().get(), 1)
})

test('totalChanges counts the rows of triggers too', async () => {
  using db = await open(':memory:')
  db.exec(
    'CREATE TABLE t(x); CREATE TABLE log(x); CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO log VALUES (NEW.x); END',
  )
  const before = db.totalChanges
  assert.equal(db.prepare('INSERT INTO t VALUES (1), (2)').run().changes, 2)
  assert.equal(db.totalChanges - before, 4)
})

test('two connections of one process see what each other commits', async t => {
  const { mkdtempSync, rmSync } = await import('node:fs')
  const folder = mkdtempSync('/tmp/two-')
  t.after(() => rmSync(folder, { recursive: true }))
  using a = await open(`${folder}/x.db`)
  using b = await open(`${folder}/x.db`)
  a.exec('CREATE TABLE t(x); BEGIN; INSERT INTO t VALUES (1)')
  const count = b.prepare('SELECT count(*) FROM t').pluck()
  assert.equal(count.get(), 0)
  a.exec('COMMIT')
  assert.equal(count.get(), 1)
})
