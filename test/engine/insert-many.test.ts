import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { insertMany, open, type Connection, type InsertRow } from '../../src/entries/engine.ts'

let db: Connection

beforeEach(async () => {
  db = await open(':memory:')
  db.exec('CREATE TABLE t(a PRIMARY KEY, b, "odd "" name")')
})

function rows(): unknown[] {
  return db.prepare('SELECT a, b FROM t ORDER BY a').raw().all()
}

test('rows go in as they are, and are counted', () => {
  const given: InsertRow[] = [
    [1, 'text \0 é'],
    [2n ** 60n, null],
    [-0.5, new Float32Array([1, 2])],
    ['b', true],
  ]
  assert.equal(insertMany(db, 't', ['a', 'b'], given), 4)
  assert.deepEqual(rows(), [
    [-0.5, new Uint8Array(new Float32Array([1, 2]).buffer)],
    [1, 'text \0 é'],
    [2n ** 60n, null],
    ['b', 1],
  ])
  assert.equal(insertMany(db, 't', ['a', 'odd " name'], [[7, 8]]), 1)
  assert.equal(insertMany(db, 't', ['a'], []), 0)
})

test('numbers keep all their bits, whatever their array is a part of and while memory grows', () => {
  const numbers = new Float32Array(1 << 22)
  // Two NaN that differ in their payload, and a negative zero.
  new Uint32Array(numbers.buffer).set([0x7fc00001, 0xffc12345, 0x80000000], 1)
  const given = [numbers, numbers.subarray(1, 4), numbers.subarray(3, 4), numbers.subarray(0, 0)]
  insertMany(
    db,
    't',
    ['a', 'b'],
    given.map((value, i) => [i, value]),
  )
  const stored = db.prepare('SELECT b FROM t ORDER BY a').pluck().all() as Uint8Array[]
  for (const [i, value] of given.entries()) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    assert.ok(Buffer.from(stored[i]).equals(bytes), `array ${i}`)
  }
})

test('triggers fire for each row', () => {
  db.exec('CREATE TABLE log(a)')
  db.exec('CREATE TRIGGER logged AFTER INSERT ON t BEGIN INSERT INTO log VALUES (NEW.a); END')
  insertMany(
    db,
    't',
    ['a', 'b'],
    [
      [1, 1],
      [2, 2],
    ],
  )
  assert.deepEqual(db.prepare('SELECT a FROM log').pluck().all(), [1, 2])
})

test('a row that cannot go in leaves none in', () => {
  assert.throws(
    () =>
      insertMany(
        db,
        't',
        ['a', 'b'],
        [
          [1, 1],
          [2, 2],
          [1, 3],
        ],
      ),
    { code: 'SQLITE_CONSTRAINT' },
  )
  assert.deepEqual(rows(), [])
  assert.throws(() => insertMany(db, 't', ['a', 'b'], [[1, 1], [2]]), {
    name: 'RangeError',
    message: 'row 2 has 1 values: expected an array of 2 values',
  })
  assert.throws(() => insertMany(db, 't', ['a', 'b'], [[1, Number.NaN]]), {
    name: 'TypeError',
    message: /value 2 of row 1 cannot be NaN/,
  })
  assert.throws(
    () =>
      insertMany(
        db,
        't',
        ['a', 'b'],
        [
          [1, 1],
          [2, NaN],
        ],
      ),
    /value 2 of row 2 cannot be NaN/,
  )
  const undefinedRow = [2, undefined] as unknown as InsertRow
  assert.throws(
    () => insertMany(db, 't', ['a', 'b'], [[1, 1], undefinedRow]),
    /value 2 of row 2 cannot be undefined/,
  )
  const date = [2, new Date(0)] as unknown as InsertRow
  assert.throws(() => insertMany(db, 't', ['a', 'b'], [[1, 1], date]), /cannot be a Date/)
  assert.deepEqual(rows(), [])
})

test('a key that is there already is an error, left alone, or replaced, as asked', () => {
  insertMany(db, 't', ['a', 'b'], [[1, 'old']])
  assert.equal(
    insertMany(
      db,
      't',
      ['a', 'b'],
      [
        [1, 'new'],
        [2, 'x'],
      ],
      { conflict: 'ignore' },
    ),
    1,
  )
  assert.deepEqual(rows(), [
    [1, 'old'],
    [2, 'x'],
  ])
  insertMany(db, 't', ['a', 'b'], [[1, 'new']], { conflict: 'replace' })
  assert.deepEqual(rows()[0], [1, 'new'])
})

test('a generator is asked row by row, ended when it fails, and its error is the error', () => {
  let ended = false
  function* failing(): Generator<InsertRow> {
    try {
      yield [1, 1]
      throw new Error('the source ran dry')
    } finally {
      ended = true
    }
  }
  assert.throws(() => insertMany(db, 't', ['a', 'b'], failing()), /the source ran dry/)
  assert.ok(ended)
  ended = false
  function* endless(): Generator<InsertRow> {
    try {
      for (let i = 0; ; i++) yield [i % 3, i]
    } finally {
      ended = true
    }
  }
  assert.throws(() => insertMany(db, 't', ['a', 'b'], endless()), { code: 'SQLITE_CONSTRAINT' })
  assert.ok(ended)
  assert.deepEqual(rows(), [])
})

/** More rows than one statement takes. */
const MANY = 70_000

test('many rows are counted, and named, across statements', () => {
  db.exec('CREATE TABLE log(a)')
  db.exec('CREATE TRIGGER logged AFTER INSERT ON t BEGIN INSERT INTO log VALUES (NEW.a); END')
  function* many(bad: number): Generator<InsertRow> {
    for (let i = 1; i <= MANY; i++) yield i === bad ? [i, NaN] : [i, i]
  }
  assert.throws(() => insertMany(db, 't', ['a', 'b'], many(MANY - 1)), {
    message: new RegExp(`value 2 of row ${MANY - 1} cannot be NaN`),
  })
  const counts = db.prepare('SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM log)').raw()
  assert.deepEqual(counts.get(), [0, 0])
  assert.equal(db.inTransaction, false)
  db.exec("BEGIN; INSERT INTO t(a, b) VALUES ('kept', 1)")
  assert.throws(() => insertMany(db, 't', ['a', 'b'], many(MANY)), /NaN/)
  assert.deepEqual(counts.get(), [1, 1])
  db.exec('COMMIT')
  assert.equal(insertMany(db, 't', ['a', 'b'], many(0)), MANY)
  assert.deepEqual(counts.get(), [MANY + 1, MANY + 1])
  assert.deepEqual(
    db.prepare("SELECT min(a), max(a), sum(b) FROM t WHERE a <> 'kept'").raw().get(),
    [1, MANY, (MANY * (MANY + 1)) / 2],
  )
})

test('what has gone in is not held: wide rows go in by statements of some megabytes', () => {
  db.exec('CREATE TABLE sizes(n)')
  db.exec(
    'CREATE TRIGGER sized AFTER INSERT ON t BEGIN INSERT INTO sizes VALUES (length(NEW.b)); END',
  )
  const wide = new Uint8Array(1 << 20)
  let most = 0
  let given = 0
  function* source(): Generator<InsertRow> {
    for (; given < 60; given++) {
      // Rows that were given and have not gone in yet are in SQLite's memory a second time.
      most = Math.max(
        most,
        given - (db.prepare('SELECT count(*) FROM sizes').pluck().get() as number),
      )
      yield [given, wide]
    }
  }
  assert.equal(insertMany(db, 't', ['a', 'b'], source()), 60)
  assert.ok(most <= 17, `${most} rows of 1 MiB were waiting`)
})

test('where foreign keys are enforced a row may name one that comes long after it', () => {
  db.exec('PRAGMA foreign_keys = ON')
  db.exec('CREATE TABLE tree(a INTEGER PRIMARY KEY, parent INTEGER REFERENCES tree(a))')
  db.exec('CREATE INDEX children ON tree(parent)')
  function* many(last: number): Generator<InsertRow> {
    for (let i = 1; i <= MANY; i++) yield [i, i === 1 ? last : null]
  }
  assert.equal(insertMany(db, 'tree', ['a', 'parent'], many(MANY)), MANY)
  db.exec('DELETE FROM tree')
  assert.throws(() => insertMany(db, 'tree', ['a', 'parent'], many(MANY + 1)), /FOREIGN KEY/)
  assert.equal(db.prepare('SELECT count(*) FROM tree').pluck().get(), 0)
})

test('a function that a writing statement calls may insert, all or none', () => {
  db.exec('CREATE TABLE log(a)')
  let bad = 0
  function* many(): Generator<InsertRow> {
    for (let i = 1; i <= MANY; i++) yield [i, i === bad ? NaN : i]
  }
  db.function('fill', () => {
    try {
      return insertMany(db, 't', ['a', 'b'], many())
    } catch (error) {
      return (error as Error).message
    }
  })
  const write = (): unknown[] => {
    db.exec('DELETE FROM log; DELETE FROM t')
    db.exec(
      "INSERT INTO log SELECT CASE value WHEN 2 THEN fill() ELSE value END FROM json_each('[1, 2, 3]')",
    )
    return db.prepare('SELECT (SELECT count(*) FROM t), a FROM log').raw().all()
  }
  const all = [1, MANY, 3].map(a => [MANY, a])
  assert.deepEqual(write(), all)
  db.exec('BEGIN')
  assert.deepEqual(write(), all)
  db.exec('COMMIT')
  bad = MANY - 1
  const [first, second, third] = write() as [number, unknown][]
  assert.deepEqual(
    [first, third],
    [
      [0, 1],
      [0, 3],
    ],
  )
  assert.match(String(second[1]), /cannot be NaN/)
})

test('it is a part of the transaction it stands in', () => {
  db.exec('BEGIN')
  insertMany(db, 't', ['a', 'b'], [[1, 1]])
  db.exec('ROLLBACK')
  assert.deepEqual(rows(), [])
})

test('the source of rows may read the database, and not insert in turn', () => {
  function* nested(): Generator<InsertRow> {
    yield [db.prepare('SELECT 1').pluck().get() as number, 1]
    insertMany(db, 't', ['a', 'b'], [[2, 2]])
  }
  assert.throws(
    () => insertMany(db, 't', ['a', 'b'], nested()),
    /while another insertMany\(\) of the same connection/,
  )
  assert.equal(insertMany(db, 't', ['a', 'b'], [[3, 3]]), 1)
})

test('columns that make no sense are refused', () => {
  assert.throws(() => insertMany(db, 't', [], []), RangeError)
  assert.throws(() => insertMany(db, 't', ['nothing'], [[1]]), /nothing/)
  assert.throws(() => insertMany(db, 'nowhere', ['a'], [[1]]), /no such table/)
})

test('a table of an attached schema can be the target', () => {
  db.exec("ATTACH ':memory:' AS other")
  db.exec('CREATE TABLE other.t(a, b)')
  insertMany(db, 't', ['a', 'b'], [[1, 1]], { schema: 'other' })
  assert.equal(db.prepare('SELECT count(*) FROM other.t').pluck().get(), 1)
  assert.deepEqual(rows(), [])
})
