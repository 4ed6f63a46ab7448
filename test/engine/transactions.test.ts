import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import type { Connection } from '../../src/sqlite/connection.ts'

let db: Connection

beforeEach(async () => {
  db = await open(':memory:', { register: false })
  db.exec('CREATE TABLE t(x)')
})

const rows = (): unknown => db.prepare('SELECT x FROM t ORDER BY x').pluck().all()
const put = (x: number): unknown => db.prepare('INSERT INTO t VALUES (?)').run(x)

test('a transaction commits what its function did, and returns its result', () => {
  const add = db.transaction((a: number, b: number) => {
    put(a)
    put(b)
    assert.equal(db.inTransaction, true)
    return a + b
  })
  assert.equal(add(1, 2), 3)
  assert.equal(db.inTransaction, false)
  assert.deepEqual(rows(), [1, 2])
})

test('a transaction whose function throws is rolled back, and the error comes out', () => {
  const error = new Error('no')
  const fail = db.transaction(() => {
    put(1)
    throw error
  })
  assert.throws(fail, error)
  assert.equal(db.inTransaction, false)
  assert.deepEqual(rows(), [])
})

test('nested transactions are savepoints: the inner one fails alone', () => {
  const inner = db.transaction((x: number, fail: boolean) => {
    put(x)
    if (fail) throw new Error('inner')
  })
  db.transaction(() => {
    put(1)
    assert.throws(() => inner(2, true), /inner/)
    inner(3, false)
    db.transaction(() => {
      inner(4, false)
      assert.throws(() => inner(5, true), /inner/)
    })()
  })()
  assert.deepEqual(rows(), [1, 3, 4])
})

test('the outer transaction takes the inner ones with it', () => {
  const inner = db.transaction(() => put(2))
  assert.throws(
    db.transaction(() => {
      inner()
      throw new Error('outer')
    }),
  )
  assert.deepEqual(rows(), [])
})

test('inside BEGIN by hand a transaction is a savepoint', () => {
  db.exec('BEGIN')
  db.transaction(() => put(1))()
  assert.equal(db.inTransaction, true)
  db.exec('ROLLBACK')
  assert.deepEqual(rows(), [])
})

test('deferred, immediate and exclusive take their locks when they begin', () => {
  const state = (): unknown => db.transactionState('main')
  assert.equal(db.transaction(state)(), 'none')
  assert.equal(db.transaction(state).deferred(), 'none')
  assert.equal(db.transaction(state).immediate(), 'write')
  assert.equal(db.transaction(state).exclusive(), 'write')
})

test('a promise is refused, and what was written before is rolled back', () => {
  const later = db.transaction(async () => {
    put(1)
    await Promise.resolve()
  })
  assert.throws(() => later(), /synchronous function/)
  assert.deepEqual(rows(), [])
})

test('an error that rolls back by itself comes out as it is', () => {
  db.exec('CREATE TABLE u(x UNIQUE)')
  assert.throws(
    db.transaction(() => {
      put(1)
      db.exec('INSERT INTO u VALUES (1); INSERT OR ROLLBACK INTO u VALUES (1)')
    }),
    /UNIQUE constraint failed/,
  )
  assert.equal(db.inTransaction, false)
  assert.deepEqual(rows(), [])
})
