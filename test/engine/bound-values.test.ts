import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { insertMany, open, type BindValue, type SqlValue } from '../../src/entries/main.ts'
import type { Connection } from '../../src/sqlite/connection.ts'
import { registerModule } from '../../src/sqlite/vtab/vtab.ts'

let db: Connection
let given: unknown

before(async () => {
  db = await open(':memory:')
  db.exec('CREATE TABLE t(x); CREATE VIRTUAL TABLE docs USING vec(id)')
  db.function('give', () => given)
  let eof = false
  registerModule(db, 'giving', {
    connect: () => ({
      declaration: 'CREATE TABLE x(a)',
      bestIndex: () => ({}),
      open: () => ({
        filter: () => {
          eof = false
        },
        next: () => {
          eof = true
        },
        get eof() {
          return eof
        },
        column: result => result.value(given as BindValue),
        rowid: () => 1n,
      }),
    }),
  })
})

const one = (sql: string, ...values: unknown[]): SqlValue =>
  db
    .prepare(sql)
    .pluck()
    .get(...(values as BindValue[])) as SqlValue

/** Every place that takes a value from JavaScript, and what becomes of it. */
const places: Readonly<Record<string, (value: unknown) => SqlValue>> = {
  'a parameter': value => one('SELECT ?2', 0, value),
  'a parameter in an array': value => one('SELECT ?', [value]),
  'a named parameter': value => one('SELECT @v', { v: value }),
  'a parameter of run': value => {
    db.exec('DELETE FROM t')
    db.prepare('INSERT INTO t VALUES (?)').run([value as BindValue])
    return one('SELECT x FROM t')
  },
  'a parameter of iterate': value =>
    [
      ...db
        .prepare('SELECT ?')
        .pluck()
        .iterate([value as BindValue]),
    ][0] as SqlValue,
  'a parameter of first': value =>
    db.prepare('SELECT ?').first([value as BindValue], row => row.value(0)) as SqlValue,
  'a row of insertMany': value => {
    db.exec('DELETE FROM t')
    insertMany(db, 't', ['x'], [[value as BindValue]])
    return one('SELECT x FROM t')
  },
  'the result of a function': value => {
    given = value
    return one('SELECT give()')
  },
  'a column of a virtual table': value => {
    given = value
    return one('SELECT a FROM giving')
  },
}

/** What a driver gives for a Promise, without being one. */
const thenable = Object.fromEntries(['then'].map(name => [name, () => 1]))
const bytes = Uint8Array.of(0, 0, 128, 63)
const foreign = (code: string): unknown => runInNewContext(code) as unknown

for (const [place, through] of Object.entries(places)) {
  for (const [what, value] of [
    ['a Uint8Array', bytes],
    ['a Buffer', Buffer.from(bytes)],
    ['an ArrayBuffer', bytes.slice().buffer],
    ['a DataView', new DataView(Uint8Array.of(9, ...bytes, 9).buffer, 1, 4)],
    ['a Float32Array', Float32Array.of(1)],
    ['a Float32Array of another realm', foreign('Float32Array.of(1)')],
    ['a Uint8Array of another realm', foreign('Uint8Array.of(0, 0, 128, 63)')],
    ['an ArrayBuffer of another realm', foreign('Uint8Array.of(0, 0, 128, 63).buffer')],
  ] as [string, unknown][]) {
    test(`${place} may be ${what}: its bytes`, () => {
      assert.deepEqual(through(value), bytes)
    })
  }

  for (const [what, value, told] of [
    [
      'a Float64Array',
      Float64Array.of(1, 0),
      /a Float64Array of \d+ numbers?: .*Float32Array\.from\(array\)/,
    ],
    [
      'a Float64Array of another realm',
      foreign('Float64Array.of(1)'),
      /a Float64Array of \d+ numbers?: .*float32/,
    ],
    ['an Int8Array', Int8Array.of(1), /an Int8Array of \d+ numbers?: .*Float32Array\.from/],
    ['an Int16Array', Int16Array.of(1), /an Int16Array/],
    ['an Int32Array', Int32Array.of(1), /an Int32Array/],
    ['a Uint8ClampedArray', Uint8ClampedArray.of(1), /a Uint8ClampedArray/],
    ['a Uint16Array', Uint16Array.of(1), /a Uint16Array of \d+ numbers?: .*raw bytes/],
    ['a Uint32Array', Uint32Array.of(1), /a Uint32Array/],
    [
      'a BigInt64Array',
      BigInt64Array.of(1n),
      /a BigInt64Array of \d+ numbers?: pass new Uint8Array/,
    ],
    ['a BigUint64Array', BigUint64Array.of(1n), /a BigUint64Array/],
    ['a SharedArrayBuffer', new SharedArrayBuffer(4), /SharedArrayBuffer: pass new Uint8Array/],
    ['a Promise', Promise.resolve(1), /a Promise: await it first/],
    ['a thenable', thenable, /a Promise: await it first/],
    ['an array', [1, 0], /an array of 2 values: an embedding is a Float32Array/],
    ['an object', { a: 1 }, /an object: pass JSON\.stringify/],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), /an object/],
    ['a Map', new Map(), /a Map/],
    ['a Date', new Date(0), /a Date: bind date\.toISOString/],
    ['a symbol', Symbol('s'), /a symbol/],
    ['a function', () => 1, /a function/],
    ['a bigint of 65 bits', 2n ** 64n, /64 bits wide/],
  ] as [string, unknown, RegExp][]) {
    test(`${place} cannot be ${what}, and the error says what can`, () => {
      assert.throws(
        () => through(value),
        (error: Error) => {
          const reason = error instanceof TypeError ? error : error.cause
          assert.ok(reason instanceof TypeError, String(error))
          assert.match(reason.message, told)
          assert.match(reason.message, /cannot be/)
          return true
        },
      )
      // Nothing is left over from it.
      assert.equal(through(7), 7)
    })
  }

  for (const [what, make] of [
    ['Uint8Array', (buffer: ArrayBuffer) => new Uint8Array(buffer)],
    ['Float32Array', (buffer: ArrayBuffer) => new Float32Array(buffer)],
    ['DataView', (buffer: ArrayBuffer) => new DataView(buffer)],
    ['ArrayBuffer', (buffer: ArrayBuffer) => buffer],
  ] as [string, (buffer: ArrayBuffer) => unknown][]) {
    test(`${place} cannot be a ${what} that was transferred away: it reads as empty`, () => {
      const buffer = new ArrayBuffer(8)
      const value = make(buffer)
      structuredClone(buffer, { transfer: [buffer] })
      assert.throws(() => through(value), /detached/)
    })
  }
}

test('a single parameter that is no value and no container of values is refused', () => {
  for (const [value, told] of [
    [Promise.resolve(1), /parameters cannot be a Promise/],
    [new Map(), /parameters cannot be a Map/],
    [new Date(0), /parameter 1 cannot be a Date/],
    [Float64Array.of(1), /parameter 1 cannot be a Float64Array/],
  ] as [unknown, RegExp][]) {
    assert.throws(() => one('SELECT ?', value), told)
  }
})

test('a Float64Array is never stored as an embedding', () => {
  const insert = db.prepare("INSERT INTO docs(dataset_id, id, embedding) VALUES ('a', '1', ?)")
  assert.throws(
    () => insert.run(Float64Array.of(1, 0) as unknown as BindValue),
    /Float32Array\.from/,
  )
  insert.run(Float32Array.from(Float64Array.of(1, 0)))
  assert.equal(one("SELECT vec_json(embedding) FROM docs WHERE dataset_id = 'a'"), '[1,0]')
})
