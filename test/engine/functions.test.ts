import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { open, VecError } from '../../src/entries/main.ts'
import type { Connection } from '../../src/sqlite/connection.ts'
import { refused } from '../refusal.ts'

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
  refused(() => value('SELECT odd()'), 'SQLITE_ERROR', 'odd()', 'object', 'JSON.stringify(value)')
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
    /function\("x", \.\.\.\) takes a function, got 5/,
  )
})

test('whatever a function throws comes out as an error, with what was thrown as its cause', () => {
  let thrown: unknown
  db.function('toss', () => {
    throw thrown
  })
  db.exec('CREATE TABLE IF NOT EXISTS tossed(x); DELETE FROM tossed')
  const frozen = Object.freeze(new Error('frozen'))
  for (const [value_, message] of [
    ['just text', 'just text'],
    [5, '5'],
    [null, 'null'],
    [Symbol('s'), 'Symbol(s)'],
    [{ toString: () => 'an object of mine' }, 'an object of mine'],
    [Object.create(null), 'a value that cannot be converted to text was thrown'],
    [
      {
        toString() {
          throw new Error('twice')
        },
      },
      'a value that cannot be converted to text was thrown',
    ],
    [new Error(''), ''],
    [new Error('a lone \ud800 surrogate'), 'a lone \ufffd surrogate'],
    [new Error('a NUL\0 in it'), 'a NUL\ufffd in it'],
    [new Error('x'.repeat(100_000)), 'x'.repeat(100_000)],
    [frozen, 'frozen'],
    [new VecError('SQLITE_BUSY', 'locked elsewhere', { extendedCode: 5 }), 'locked elsewhere'],
  ] as [unknown, string][]) {
    thrown = value_
    for (const run of [
      () => value('SELECT toss()'),
      () => db.exec('INSERT INTO tossed VALUES (toss())'),
      () => db.prepare('INSERT INTO tossed VALUES (toss()) RETURNING x').get(),
      () => [...db.prepare('SELECT toss()').iterate()],
    ]) {
      assert.throws(run, (error: Error) => {
        assert.ok(error instanceof VecError)
        assert.equal(error.message, message)
        assert.equal(error.cause, value_)
        return true
      })
    }
    assert.equal(value('SELECT 1'), 1)
  }
})

test('an error that nothing of a function is behind has no cause', () => {
  db.function('tried', () => {
    throw new Error('no such table: nowhere')
  })
  assert.throws(() => value('SELECT tried()'))
  const error = refused(() => value('SELECT * FROM nowhere'), 'SQLITE_ERROR', 'no such table')
  assert.equal(error.cause, undefined)
})

test('functions that call each other through SQL end in an error, not in a broken heap', async () => {
  let deepest = 0
  db.function('deeper', n => {
    deepest = Math.max(deepest, Number(n))
    return value(`SELECT deeper(${Number(n) + 1})`)
  })
  refused(() => value('SELECT deeper(1)'), 'SQLITE_ERROR', 'more than 100 levels deep')
  assert.equal(deepest, 100)
  db.function('enough', n => (Number(n) < 90 ? value(`SELECT enough(${Number(n) + 1})`) : n))
  assert.equal(value('SELECT enough(1)'), 90)
})

test("where JavaScript's stack ends inside SQLite, other connections go on with all of the C stack", async () => {
  const other = await open(':memory:', { register: false })
  other.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1)')
  const { raw } = db.sqlite
  const top = raw.emscripten_stack_get_current()
  let stopped = 0
  for (let round = 0; round < 20; round++) {
    const victim = await open(':memory:', { register: false })
    const sql = `SELECT ${'('.repeat(80)}1${')'.repeat(80)} + ${round}`
    const dive = (): unknown => {
      try {
        return dive()
      } catch {
        if (raw.emscripten_stack_get_current() !== top) stopped++
        return victim.prepare(sql).pluck().get()
      }
    }
    try {
      dive()
    } catch {
      // Of which kind is all the same: it is out of the stack.
    }
    assert.deepEqual(other.prepare('SELECT x FROM t').pluck().all(), [1])
    assert.equal(raw.emscripten_stack_get_current(), top)
    victim.close()
    refused(() => victim.exec('SELECT 1'), 'VEC_CLOSED')
  }
  assert.ok(stopped > 0, 'the stack never ended inside SQLite')
})

test('a number that a real function returns is REAL, a whole one as well', () => {
  db.function('half', { real: true }, x => Number(x) / 2)
  db.function('plain', x => Number(x) / 2)
  assert.deepEqual(
    ['half(4)', 'half(3)', 'half(0)', 'half(-2)', 'plain(4)', 'plain(3)'].map(call =>
      value(`SELECT typeof(${call})`),
    ),
    ['real', 'real', 'real', 'real', 'integer', 'real'],
  )
  assert.equal(value('SELECT 1 / half(4)'), 0.5)
  db.function('missing', { real: true }, () => null)
  assert.equal(value('SELECT missing()'), null)
})

test('an option that functions and aggregates do not have is refused, with the one that was meant', () => {
  refused(
    () => db.function('f', { determinstic: true } as object, () => 1),
    'VEC_OPTION',
    'determinstic',
    'deterministic',
  )
  const options = { step: (sum: number, x: unknown) => sum + Number(x), start: 0, finish: () => 1 }
  refused(() => db.aggregate('total_of', options), 'VEC_OPTION', 'finish', 'total_of')
})
