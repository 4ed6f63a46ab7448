import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { Connection } from '../../src/engine/connection.ts'
import { VecError } from '../../src/errors.ts'
import { open } from '../../src/main.ts'
import { refused } from './refusal.ts'

let db: Connection

beforeEach(async () => {
  db = await open(':memory:', { register: false })
})

const value = (sql: string, ...params: (number | string | null)[]): unknown =>
  db
    .prepare(sql)
    .pluck()
    .get(...params)

test('arguments and results keep their types', () => {
  db.function('same', x => x)
  assert.equal(value('SELECT same(1)'), 1)
  assert.equal(value("SELECT same('a' || char(0) || 'b')"), 'a\0b')
  assert.equal(value('SELECT same(NULL)'), null)
  assert.equal(value('SELECT same(1.5)'), 1.5)
  assert.equal(value('SELECT same(9007199254740993)'), 9007199254740993n)
  assert.deepEqual(db.prepare("SELECT same(x'0102')").pluck().get(), Uint8Array.of(1, 2))
  db.function('answer', () => undefined)
  assert.equal(value('SELECT answer()'), null)
  db.function('yes', () => true)
  assert.equal(value('SELECT yes()'), 1)
  db.function('nan', () => NaN)
  assert.equal(value('SELECT nan()'), null)
  db.function('floats', () => Float32Array.of(1))
  assert.deepEqual(value('SELECT floats()'), Uint8Array.of(0, 0, 128, 63))
})

test('the number of arguments is that of the function, or the one given', () => {
  db.function('two', (a, b) => `${String(a)} ${String(b)}`)
  refused(
    () => db.prepare('SELECT two(1)'),
    'SQLITE_ERROR',
    'wrong number of arguments to function two()',
  )
  db.function('many', { varargs: true }, (...all) => all.length)
  assert.equal(value('SELECT many() + many(1, 2, 3)'), 3)
  db.function('three', { arity: 3 }, (...all) => all.length)
  assert.equal(value('SELECT three(1, 2, 3)'), 3)
})

test('safeIntegers makes integers bigint', () => {
  db.function('kind', { safeIntegers: true }, x => typeof x)
  assert.equal(value('SELECT kind(1)'), 'bigint')
  assert.equal(value('SELECT kind(1.0)'), 'number')
})

test('deterministic functions can stand in an index, others cannot', () => {
  db.function('twice', { deterministic: true }, x => Number(x) * 2)
  db.function('thrice', x => Number(x) * 3)
  db.exec('CREATE TABLE t(x); CREATE INDEX i ON t(twice(x)); INSERT INTO t VALUES (4)')
  assert.equal(value('SELECT x FROM t WHERE twice(x) = 8'), 4)
  refused(() => db.exec('CREATE INDEX j ON t(thrice(x))'), 'SQLITE_ERROR', 'non-deterministic')
})

test('a function for direct use alone cannot be called from a view', () => {
  db.function('direct', { directOnly: true }, () => 1)
  assert.equal(value('SELECT direct()'), 1)
  db.exec('CREATE VIEW v AS SELECT direct()')
  refused(() => db.prepare('SELECT * FROM v'), 'SQLITE_ERROR', 'unsafe use of direct()')
})

test('what a function throws is the error of the statement, with the cause', () => {
  const cause = new RangeError('too much of it')
  db.function('fail', () => {
    throw cause
  })
  const error = refused(() => value('SELECT fail()'), 'SQLITE_ERROR', 'too much of it')
  assert.equal(error.cause, cause)
  db.function('own', () => {
    throw new VecError('VEC_MODEL', 'two models', { hint: 'take one' })
  })
  refused(() => value('SELECT own()'), 'VEC_MODEL', 'two models', 'take one')
  assert.equal(value('SELECT 1'), 1)
})

test('a result that SQL has no value for is an error', () => {
  db.function('odd', () => ({ a: 1 }))
  refused(
    () => value('SELECT odd()'),
    'SQLITE_ERROR',
    'the result of a function cannot be a Object',
  )
  db.function('big', () => 2n ** 64n)
  refused(() => value('SELECT big()'), 'SQLITE_ERROR', '64 bits')
})

test('a later definition replaces the earlier one', () => {
  db.function('which', () => 1)
  db.function('which', () => 2)
  assert.equal(value('SELECT which()'), 2)
})

test('a function can query its own connection', () => {
  db.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)')
  db.function('total', () => db.prepare('SELECT sum(x) FROM t').pluck().get())
  assert.deepEqual(db.prepare('SELECT x, total() FROM t').raw().all(), [
    [1, 3],
    [2, 3],
  ])
})

test('closing the connection from a function is refused', () => {
  db.function('shut', () => db.close())
  refused(() => value('SELECT shut()'), 'SQLITE_MISUSE', 'close() was called from a function')
  assert.equal(value('SELECT 1'), 1)
})

test('a name that is no text and a function that is none are refused', () => {
  assert.throws(() => db.function('', () => 1), TypeError)
  assert.throws(() => db.function('a\0b', () => 1), TypeError)
  assert.throws(
    () => db.function('x', 5 as unknown as () => number),
    /needs a function, not number/,
  )
})
