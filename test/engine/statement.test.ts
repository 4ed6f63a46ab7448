import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { open, type BindValue } from '../../src/entries/main.ts'
import type { Connection } from '../../src/sqlite/connection.ts'
import { loadEngine } from '../../src/sqlite/load-engine.ts'
import type { Statement } from '../../src/sqlite/statement.ts'
import { refused } from '../refusal.ts'

let db: Connection

beforeEach(async () => {
  db = await open(':memory:', { register: false })
  db.exec('CREATE TABLE t(x)')
})

/** The value as it comes back from a table, and its type in SQL. */
function through(value: BindValue): unknown {
  db.exec('DELETE FROM t')
  db.prepare('INSERT INTO t VALUES (?)').run(value)
  return db.prepare('SELECT x FROM t').pluck().get()
}

for (const [what, value, expected = value] of [
  ['NULL', null],
  ['0', 0],
  ['-1', -1],
  ['2^31', 2 ** 31],
  ['2^53 - 1', Number.MAX_SAFE_INTEGER],
  ['the least safe integer', Number.MIN_SAFE_INTEGER],
  ['a bigint that is safe, as a number', 12n, 12],
  ['2^53 as bigint', 2n ** 53n],
  ['the largest int64', 2n ** 63n - 1n],
  ['the least int64', -(2n ** 63n)],
  ['a real', 0.1],
  ['the largest double', Number.MAX_VALUE],
  ['the least subnormal double', 5e-324],
  ['2^60, a double beyond the integers', 2 ** 60],
  ['infinity', Infinity],
  ['minus infinity', -Infinity],
  ['true', true, 1],
  ['false', false, 0],
  ['empty text', ''],
  ['text with NUL bytes', 'a\0b\0'],
  ['emoji', '😀 \u{10FFFF} é'],
  ['long text', 'ü'.repeat(100_000)],
] as [string, BindValue, unknown?][]) {
  test(`${what} comes back as it went in`, () => {
    assert.equal(through(value), expected)
  })
}

test('-0 comes back as -0 through an expression', () => {
  assert.ok(Object.is(db.prepare('SELECT ?').pluck().get(-0), -0))
})

test('integers and reals keep their types in SQL', () => {
  const type = db.prepare('SELECT typeof(?)').pluck()
  assert.deepEqual(
    [1, 1.5, 2 ** 60, 2n ** 60n, '1', null].map(value => type.get(value)),
    ['integer', 'real', 'real', 'integer', 'text', 'null'],
  )
})

for (const [what, view] of [
  ['an empty Uint8Array', new Uint8Array(0)],
  ['a Uint8Array', Uint8Array.of(0, 1, 255)],
  ['a part of a buffer', new Uint8Array(Uint8Array.of(9, 1, 2, 3, 9).buffer, 1, 3)],
  ['a Float32Array', Float32Array.of(1, -2.5)],
  ['a part of a Float32Array', Float32Array.of(7, 1, 2, 7).subarray(1, 3)],
  ['a DataView', new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2)],
  ['a Buffer', Buffer.from('buffer')],
] as [string, Uint8Array | Float32Array | DataView][]) {
  test(`${what} binds as a BLOB of exactly its own bytes`, () => {
    const expected = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    const found = through(view)
    assert.ok(found instanceof Uint8Array)
    assert.deepEqual([...found], [...expected])
    assert.equal(found.buffer.byteLength, found.length)
  })
}

test('a blob is a copy: later calls leave it alone', () => {
  const first = through(Uint8Array.of(1, 2, 3))
  through(Uint8Array.of(9, 9, 9))
  assert.deepEqual(first, Uint8Array.of(1, 2, 3))
})

for (const [what, text] of [
  ['high', 'a\uD800b'],
  ['low', '\uDC00'],
  ['last', 'abc\uD83D'],
]) {
  test(`text with a lone ${what} surrogate is refused`, () => {
    assert.throws(() => through(text), /surrogate/)
    assert.throws(() => db.prepare(`SELECT '${text}'`), /surrogate/)
  })
}

for (const [value, told] of [
  [undefined, /cannot be undefined: use null/],
  [NaN, /cannot be NaN/],
  [new Date(0), /a Date: bind date\.toISOString/],
  [2n ** 63n, /64 bits/],
  [-(2n ** 63n) - 1n, /64 bits/],
  [Symbol('s'), /a symbol/],
  [() => 1, /a function/],
  [new Map(), /a Map/],
] as [unknown, RegExp][]) {
  test(`${String(value)} cannot be bound, and the error says what can`, () => {
    assert.throws(
      () => through(value as BindValue),
      (error: Error) => error instanceof TypeError && told.test(error.message),
    )
    assert.throws(() => db.prepare('SELECT ?, ?').get(1, value as BindValue), TypeError)
  })
}

test('the wrong number of parameters is refused with both numbers and the SQL', () => {
  const s = db.prepare('SELECT ?, ?')
  assert.throws(() => s.get(1), /wrong number of parameters: 1 given, 2 expected.*SELECT \?, \?/)
  assert.throws(() => s.get(1, 2, 3), RangeError)
  assert.throws(() => db.prepare('SELECT 1').get(1), /1 given, 0 expected/)
})

test('named parameters bind with any of the three signs, and a missing one is named', () => {
  const s = db.prepare('SELECT :a, @b, $c, :a').raw()
  assert.deepEqual(s.get({ a: 1, b: 2, c: 3 }), [1, 2, 3, 1])
  assert.deepEqual(s.get({ ':a': 1, '@b': 2, $c: 3 }), [1, 2, 3, 1])
  assert.throws(
    () => s.get({ a: 1, b: 2 }),
    /named parameter \$c \(number 3\) is missing: got a, b/,
  )
  assert.deepEqual(db.prepare('SELECT ?, ?').raw().get([1, 2]), [1, 2])
})

test('rows are objects, arrays after raw, values after pluck', () => {
  db.exec("INSERT INTO t VALUES (1), ('two')")
  const s = db.prepare('SELECT x, 7 AS y FROM t ORDER BY rowid')
  assert.deepEqual(s.all(), [
    { x: 1, y: 7 },
    { x: 'two', y: 7 },
  ])
  assert.deepEqual(s.raw().all(), [
    [1, 7],
    ['two', 7],
  ])
  assert.deepEqual(s.pluck().all(), [1, 'two'])
  assert.deepEqual(s.pluck(false).get(), { x: 1, y: 7 })
  assert.deepEqual([...s.iterate()].length, 2)
  assert.equal(db.prepare('SELECT x FROM t WHERE 0').get(), undefined)
})

test('safeIntegers gives every INTEGER as bigint', () => {
  assert.deepEqual(db.prepare('SELECT 1, 1.0, 9007199254740993').safeIntegers().raw().get(), [
    1n,
    1,
    9007199254740993n,
  ])
  assert.deepEqual(db.prepare('SELECT 1, 9007199254740993').raw().get(), [1, 9007199254740993n])
})

test('run tells changes and the last rowid, also beyond 2^53', () => {
  db.exec('CREATE TABLE k(id INTEGER PRIMARY KEY)')
  assert.deepEqual(db.prepare('INSERT INTO k VALUES (5), (6)').run(), {
    changes: 2,
    lastInsertRowid: 6,
  })
  assert.equal(db.prepare('INSERT INTO k VALUES (?)').run(2n ** 60n).lastInsertRowid, 2n ** 60n)
  assert.equal(db.prepare('DELETE FROM k').run().changes, 3)
})

test('a statement is busy while it is iterated, and free when the loop is left', () => {
  db.exec('INSERT INTO t VALUES (1), (2), (3)')
  const s = db.prepare('SELECT x FROM t').pluck()
  for (const x of s.iterate()) {
    assert.equal(s.busy, true)
    assert.throws(() => s.all(), /busy.*SELECT x FROM t/)
    if (x === 2) break
  }
  assert.equal(s.busy, false)
  assert.deepEqual(s.all(), [1, 2, 3])
  assert.throws(() => {
    for (const _ of s.iterate()) throw new Error('out')
  }, /out/)
  assert.equal(s.busy, false)
})

test('a finalized statement says so, and finalizing twice is nothing', () => {
  const s = db.prepare('SELECT 1')
  s.finalize()
  s.finalize()
  refused(() => s.get(), 'VEC_CLOSED', 'statement', 'prepare')
  {
    using used = db.prepare('SELECT 1')
    used.get()
  }
})

test('a statement that returns no rows has no get, all, pluck', () => {
  const s = db.prepare('INSERT INTO t VALUES (1)')
  for (const method of ['get', 'all', 'pluck', 'raw'] as const) {
    assert.throws(
      () => s[method](),
      new RegExp(`${method}\\(\\) needs a statement that returns rows`),
    )
  }
  assert.equal(s.reader, false)
  assert.equal(s.readonly, false)
  assert.equal(db.prepare('SELECT 1').readonly, true)
})

test('no statement, or two, cannot be prepared; exec runs any number', () => {
  assert.throws(() => db.prepare(' -- nothing'), /does not contain a statement/)
  assert.throws(() => db.prepare('SELECT 1; SELECT 2'), /more than one statement/)
  assert.equal(db.prepare('SELECT 1; -- one').pluck().get(), 1)
  db.exec(' ; INSERT INTO t VALUES (1); /* and */ INSERT INTO t VALUES (2); ')
  assert.equal(db.prepare('SELECT count(*) FROM t').pluck().get(), 2)
})

test('an error of SQL carries its code and text, and leaves the statement usable', () => {
  refused(() => db.prepare('SELECT nonsense'), 'SQLITE_ERROR', 'no such column: nonsense')
  db.exec('CREATE TABLE u(x UNIQUE)')
  const s = db.prepare('INSERT INTO u VALUES (?)')
  s.run(1)
  const error = refused(() => s.run(1), 'SQLITE_CONSTRAINT', 'UNIQUE constraint failed: u.x')
  assert.equal(error.extendedCode, 2067)
  s.run(2)
})

test('columns tell where they come from, and follow a changed schema', () => {
  const s = db.prepare('SELECT x AS y, 1 + 1 FROM t')
  assert.deepEqual(s.columns()[0], {
    name: 'y',
    column: 'x',
    table: 't',
    database: 'main',
    type: null,
  })
  assert.equal(s.columns()[1].table, null)
  const all = db.prepare('SELECT * FROM t')
  db.exec('INSERT INTO t VALUES (1)')
  all.all()
  db.exec('ALTER TABLE t ADD COLUMN z DEFAULT 5')
  assert.deepEqual(all.all(), [{ x: 1, z: 5 }])
})

test('a large blob is given back after it was used, also when nobody finalizes the statement', async () => {
  const { memory } = await loadEngine()
  const before = memory.buffer.byteLength
  const kept: Statement[] = []
  for (let n = 0; n < 200; n++) {
    const statement = db.prepare('SELECT length(?)').pluck()
    assert.equal(statement.get(new Uint8Array(2 ** 20)), 2 ** 20)
    kept.push(statement)
  }
  assert.ok(memory.buffer.byteLength - before < 32 * 2 ** 20)
  // It is as good as new.
  assert.equal(kept[0].get(new Uint8Array(100_000)), 100_000)
  assert.equal(kept[0].get('short'), 5)
})

test('ten thousand forgotten statements do no harm', () => {
  for (let i = 0; i < 10_000; i++) db.prepare(`SELECT ${i}`).get()
  assert.equal(db.prepare('SELECT 1').pluck().get(), 1)
  db.close()
})

test('the columns of a prepared SELECT * are those of the present schema, under their present names', () => {
  db.exec('CREATE TABLE c(a, b); INSERT INTO c VALUES (1, 2)')
  const all = db.prepare('SELECT * FROM c')
  const names = (): string[] => all.columns().map(column => column.name)
  assert.deepEqual(all.get(), { a: 1, b: 2 })
  db.exec('ALTER TABLE c RENAME COLUMN a TO z')
  assert.deepEqual(names(), ['z', 'b'])
  assert.deepEqual(all.get(), { z: 1, b: 2 })
  db.exec('DROP TABLE c; CREATE TABLE c(b, a); INSERT INTO c VALUES (1, 2)')
  assert.deepEqual(names(), ['b', 'a'])
  assert.deepEqual(all.all(), [{ b: 1, a: 2 }])
  db.exec('DROP TABLE c; CREATE TABLE c(d, e); INSERT INTO c VALUES (3, 4)')
  assert.deepEqual([...all.iterate()], [{ d: 3, e: 4 }])
  assert.deepEqual(names(), ['d', 'e'])
  db.exec('DROP TABLE c')
  refused(() => all.columns(), 'SQLITE_ERROR', 'no such table: c')
  refused(() => all.get(), 'SQLITE_ERROR', 'no such table: c')
  db.exec('CREATE TABLE c(f); INSERT INTO c VALUES (5)')
  assert.deepEqual(all.get(), { f: 5 })
})

test('a schema that changes under an iterate() changes the next one', () => {
  db.exec('CREATE TABLE c(a, b); INSERT INTO c VALUES (1, 2), (3, 4)')
  const all = db.prepare('SELECT * FROM c')
  const rows = all.iterate()
  assert.deepEqual(rows.next().value, { a: 1, b: 2 })
  db.exec('CREATE TABLE other(x)')
  assert.deepEqual(all.columns().length, 2)
  assert.deepEqual(rows.next().value, { a: 3, b: 4 })
  rows.return?.()
  db.exec('ALTER TABLE c RENAME COLUMN b TO y')
  assert.deepEqual(all.get(), { a: 1, y: 2 })
})

test('changes are those of an INSERT, UPDATE or DELETE, and 0 of everything else', () => {
  db.exec('CREATE TABLE k(id INTEGER PRIMARY KEY)')
  const changes = (sql: string): number => {
    db.exec('INSERT INTO t VALUES (1), (2), (3), (4), (5)')
    return db.prepare(sql).run().changes
  }
  db.function('inserting', () => db.prepare('INSERT INTO k VALUES (NULL), (NULL)').run().changes)
  for (const [sql, expected] of [
    ['INSERT INTO k VALUES (1), (2)', 2],
    ['insert or ignore into k values (1)', 0],
    ['REPLACE INTO k VALUES (1)', 1],
    ['-- a comment\n /* another */ ; UPDATE k SET id = id', 2],
    ['WITH n(x) AS (SELECT 7) INSERT INTO k SELECT x FROM n', 1],
    ['INSERT INTO k VALUES (8) RETURNING id', 1],
    ['DELETE FROM k WHERE id = 99', 0],
    ['DELETE FROM k', 4],
    ['CREATE TABLE l(x)', 0],
    ['CREATE TABLE m AS SELECT 1 AS x', 0],
    ['ALTER TABLE l RENAME TO n', 0],
    ['CREATE INDEX i ON t(x)', 0],
    ['DROP TABLE n', 0],
    ['BEGIN IMMEDIATE', 0],
    ['SAVEPOINT s', 0],
    ['RELEASE s', 0],
    ['COMMIT', 0],
    ['SELECT 1', 0],
    ['SELECT inserting()', 0],
    ['WITH n(x) AS (SELECT 7) SELECT x FROM n', 0],
    ['PRAGMA user_version = 3', 0],
    ['PRAGMA user_version', 0],
    ['ANALYZE', 0],
    ['REINDEX', 0],
    ['VACUUM', 0],
    ["ATTACH ':memory:' AS more", 0],
    ['DETACH more', 0],
    ['EXPLAIN DELETE FROM t', 0],
  ] as [string, number][]) {
    assert.equal(changes(sql), expected, sql)
  }
})
