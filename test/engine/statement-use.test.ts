import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { RowReader } from '../../src/entries/engine.ts'
import { open } from '../../src/entries/main.ts'
import type { Connection } from '../../src/sqlite/connection.ts'
import type { Statement } from '../../src/sqlite/statement.ts'
import { refused } from '../refusal.ts'

let db: Connection
let numbers: Statement

beforeEach(async () => {
  db = await open(':memory:', { register: false })
  db.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1), (2), (3)')
  // Any error of a step: a read error, an interrupt, a function that throws.
  db.function('failing', (x, at) => {
    if (x === at) throw new Error(`a fault at ${String(at)}`)
    return x
  })
  numbers = db.prepare('SELECT failing(x, ?1), x FROM t ORDER BY rowid')
})

const read = (row: RowReader): number => row.number(0)

test('first reads the first row, and is undefined when there is none', () => {
  assert.equal(numbers.first([0], read), 1)
  assert.equal(db.prepare('SELECT 1 WHERE 0').first([], read), undefined)
})

test('first holds the snapshot while it reads', () => {
  const state = numbers.first([0], () => db.transactionState())
  assert.equal(state, 'read')
  assert.equal(db.transactionState(), 'none')
})

test('each visits every row, or stops at false', () => {
  const seen: number[] = []
  numbers.each([0], row => void seen.push(read(row)))
  assert.deepEqual(seen, [1, 2, 3])
  numbers.each([0], row => {
    seen.push(read(row))
    return row.number(0) < 2
  })
  assert.deepEqual(seen, [1, 2, 3, 1, 2])
})

test('a cursor is stepped from outside, and ends itself after the last row', () => {
  const cursor = numbers.cursor([0])
  const seen: number[] = []
  while (cursor.step()) seen.push(read(cursor.row))
  assert.deepEqual(seen, [1, 2, 3])
  assert.equal(numbers.busy, false)
  assert.equal(cursor.step(), false)
  cursor.end()
})

test('a cursor that has ended leaves a later run of its statement alone', () => {
  const first = numbers.cursor([0])
  first.end()
  const second = numbers.cursor([0])
  assert.equal(first.step(), false)
  first.end()
  assert.equal(numbers.busy, true)
  assert.equal(second.step(), true)
  second.end()
})

for (const [what, use] of [
  ['first', at => numbers.first([at], read)],
  ['each', at => numbers.each([at], row => void read(row))],
  [
    'cursor',
    at => {
      const cursor = numbers.cursor([at])
      while (cursor.step());
    },
  ],
  ['get', at => numbers.get(at)],
  ['all', at => numbers.all(at)],
  ['iterate', at => [...numbers.iterate(at)]],
  ['run', at => numbers.run(at)],
] as [string, (at: number) => unknown][]) {
  test(`an error of a step leaves the statement free for the next use: ${what}`, () => {
    for (const at of [1, 2, 3]) {
      if (at > 1 && (what === 'first' || what === 'get')) continue
      refused(() => use(at), 'SQLITE_ERROR', `a fault at ${at}`)
      assert.equal(numbers.busy, false)
      assert.equal(db.transactionState(), 'none')
      assert.deepEqual(numbers.pluck().all(0), [1, 2, 3])
    }
  })

  test(`a parameter that cannot be bound leaves the statement free: ${what}`, () => {
    assert.throws(() => use(NaN), TypeError)
    assert.equal(numbers.busy, false)
    assert.deepEqual(numbers.pluck().all(0), [1, 2, 3])
  })
}

for (const [what, use] of [
  ['first', task => numbers.first([0], task)],
  ['each', task => numbers.each([0], () => void task())],
] as [string, (task: () => unknown) => unknown][]) {
  test(`what the visitor throws comes out, and leaves the statement free: ${what}`, () => {
    const error = new Error('mine')
    assert.throws(
      () =>
        use(() => {
          throw error
        }),
      error,
    )
    assert.equal(numbers.busy, false)
    assert.equal(db.transactionState(), 'none')
  })

  test(`a statement that is used while it runs is refused, and goes on: ${what}`, () => {
    use(() => assert.throws(() => numbers.first([0], read), /busy/))
    assert.equal(numbers.first([0], read), 1)
  })

  test(`the row of a statement that its visitor finalized cannot be read: ${what}`, () => {
    let row: RowReader | undefined
    db.prepare('SELECT 1, 2').first([], given => (row = given))
    refused(
      () =>
        use(() => {
          numbers.finalize()
          return numbers.first([0], read)
        }),
      'VEC_CLOSED',
      'finalized',
    )
    assert.ok(row)
  })
}

test('the wrong number of parameters is refused, for our own statements too', () => {
  assert.throws(() => numbers.first([], read), /0 given, 1 expected/)
  assert.throws(() => numbers.each([1, 2], () => undefined), /2 given, 1 expected/)
  assert.throws(() => numbers.cursor([]), /0 given, 1 expected/)
})

for (const [what, end] of [
  ['get', (s: Statement) => s.get()],
  ['first', (s: Statement) => s.first([], () => 1)],
  ['each that stops', (s: Statement) => s.each([], () => false)],
  [
    'a cursor that is ended',
    (s: Statement) => {
      const cursor = s.cursor([])
      cursor.step()
      cursor.end()
    },
  ],
  [
    'a loop that is left',
    (s: Statement) => {
      for (const _ of s.iterate()) break
    },
  ],
  [
    'finalize in a loop',
    (s: Statement) => {
      s.iterate().next()
      s.finalize()
    },
  ],
  ['all', (s: Statement) => s.all()],
  ['run', (s: Statement) => s.run()],
] as [string, (s: Statement) => unknown][]) {
  test(`a commit that fails when the statement ends is thrown: ${what}`, () => {
    db.exec(
      `PRAGMA foreign_keys = ON; CREATE TABLE parent(id PRIMARY KEY);
       CREATE TABLE child(p REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED)`,
    )
    const insert = db.prepare('INSERT INTO child VALUES (7), (8) RETURNING p')
    refused(() => end(insert), 'SQLITE_CONSTRAINT', 'FOREIGN KEY')
    assert.equal(db.inTransaction, false)
    assert.equal(db.prepare('SELECT count(*) FROM child').pluck().get(), 0)
    db.exec('INSERT INTO parent VALUES (7), (8)')
    if (what !== 'finalize in a loop') end(insert)
    else end(db.prepare(insert.source))
    assert.equal(db.prepare('SELECT count(*) FROM child').pluck().get(), 2)
  })
}

test('an error inside the loop counts more than the commit that fails behind it', () => {
  db.exec(
    `PRAGMA foreign_keys = ON; CREATE TABLE parent(id PRIMARY KEY);
     CREATE TABLE child(p REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED)`,
  )
  const insert = db.prepare('INSERT INTO child VALUES (7) RETURNING p')
  const error = new Error('mine')
  assert.throws(() => {
    for (const _ of insert.iterate()) throw error
  }, error)
  assert.throws(
    () =>
      insert.first([], () => {
        throw error
      }),
    error,
  )
  assert.equal(insert.busy, false)
})
