import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { inspect } from 'node:util'
import { insertMany, open } from '../../src/entries/main.ts'
import type { Connection } from '../../src/sqlite/connection.ts'
import { registerModule } from '../../src/sqlite/vtab/vtab.ts'

let db: Connection

before(async () => {
  db = await open(':memory:', { register: false })
})

/** The connection without its types: as JavaScript calls it. */
const untyped = (): Record<string, (...args: unknown[]) => unknown> =>
  db as unknown as Record<string, (...args: unknown[]) => unknown>

for (const [call, args, told] of [
  ['exec', [5], /exec\(\) takes SQL text, got 5/],
  ['exec', [undefined], /exec\(\) takes SQL text, got undefined/],
  ['exec', [Buffer.from('SELECT 1')], /exec\(\) takes SQL text, got a Uint8Array of 8 bytes/],
  ['prepare', [undefined], /prepare\(\) takes SQL text, got undefined/],
  ['prepare', [null], /prepare\(\) takes SQL text, got null/],
  ['prepare', [{}], /prepare\(\) takes SQL text, got an object/],
  ['pragma', [5], /pragma\(\) takes SQL text, got 5/],
  ['pragma', [null], /pragma\(\) takes SQL text, got null/],
  ['function', ['x', 5], /function\("x", \.\.\.\) takes a function, got 5/],
  ['function', ['x', {}, 'y'], /takes a function, got the string "y"/],
  ['function', ['x', null, () => 1], /options of the SQL function x must be an object, got null/],
  ['function', [5, () => 1], /the name of an SQL function must be text .* not 5/],
  ['function', ['', () => 1], /must be text .* not empty text/],
  [
    'function',
    ['x', { directOnly: true, innocuous: true }, () => 1],
    /cannot be both directOnly and innocuous/,
  ],
  ['transaction', [5], /transaction\(\) takes a function, got 5/],
  ['transaction', [Promise.resolve()], /transaction\(\) takes a function, got a Promise/],
  ['filename', [null], /the name of a schema must be text .* not null/],
  ['filename', [5], /the name of a schema must be text .* not 5/],
  ['isReadonly', [null], /the name of a schema must be text/],
  ['transactionState', [null], /the name of a schema must be text/],
  ['onClose', [5], /onClose\(\) takes a function, got 5/],
] as [string, unknown[], RegExp][]) {
  test(`${call}(${args.map(value => inspect(value)).join(', ')}) says what was expected`, () => {
    assert.throws(
      () => untyped()[call](...args),
      (error: Error) => {
        assert.ok(error instanceof TypeError, String(error))
        assert.match(error.message, told)
        return true
      },
    )
  })
}

for (const [args, told] of [
  [[5, ['x'], []], /the name of the table must be text .* not 5/],
  [['t', 'x', []], /takes an array of column names, got the string "x"/],
  [['t', [5], []], /the name of a column must be text .* not 5/],
  [['t', ['x'], null], /takes an iterable of rows, each an array of values, got null/],
  [['t', ['x'], { a: 1 }], /got an object/],
  [['t', ['x'], 'rows'], /got the string "rows"/],
  [['t', ['x'], Promise.resolve([])], /got a Promise: collect asynchronous rows first/],
  [['t', ['x'], (async function* () {})()], /: collect asynchronous rows first/],
  [['t', ['x'], [], { schema: null }], /the name of the schema must be text/],
  [['t', ['x'], [['a'], 'b']], /row 2 has the string "b"/],
  [['t', ['x'], [Promise.resolve([1])]], /row 1 has a Promise/],
] as [unknown[], RegExp][]) {
  test(`insertMany(db, ${args.map(value => inspect(value)).join(', ')}) says what was expected`, () => {
    db.exec('CREATE TABLE IF NOT EXISTS t(x)')
    assert.throws(
      () => insertMany(db, ...(args as [string, string[], number[][]])),
      (error: Error) => {
        assert.match(error.message, told)
        return true
      },
    )
    assert.equal(insertMany(db, 't', ['x'], [[1]]), 1)
    db.exec('DELETE FROM t')
  })
}

test('a conflict that insertMany() does not know is refused with a suggestion', () => {
  assert.throws(
    () => insertMany(db, 't', ['x'], [], { conflict: 'ignored' as 'ignore' }),
    /unknown conflict 'ignored': did you mean 'ignore'/,
  )
})

for (const [what, call] of [
  ['filename', () => db.filename('nowhere')],
  ['isReadonly', () => db.isReadonly('nowhere')],
  ['transactionState', () => db.transactionState('nowhere')],
] as [string, () => unknown][]) {
  test(`${what} of a schema that is not there names those that are`, () => {
    assert.throws(call, (error: Error) => {
      assert.ok(error instanceof RangeError)
      assert.match(error.message, /"nowhere".*\bmain, temp\b/)
      return true
    })
  })
}

test('schemas are named as in SQL, in any case', () => {
  assert.equal(db.filename('MAIN'), '')
  assert.equal(db.transactionState('Temp'), 'none')
})

for (const arity of [128, -2, 1.5, NaN]) {
  test(`a function cannot have ${arity} arguments`, () => {
    assert.throws(() => db.function('f', { arity }, () => 1), /takes 0 to 127 arguments/)
    assert.throws(
      () => db.function('é'.repeat(128), () => 1),
      /at most 255 bytes of UTF-8, got 256/,
    )
  })
}

for (const [what, call] of [
  ['exec', () => db.exec('CREATE TABLE nul(a);\0')],
  ['exec, in the middle', () => db.exec("SELECT 'a\0b'")],
  ['exec, at the front', () => db.exec('\0')],
  ['prepare', () => db.prepare('SELECT 1\0')],
  ['prepare, before more', () => db.prepare('SELECT 1;\0 SELECT 2')],
  ['pragma', () => db.pragma('user_version\0')],
  ['the name of a schema', () => db.filename('ma\0in')],
  ['the name of a schema, of isReadonly', () => db.isReadonly('main\0')],
  ['the name of a schema, of transactionState', () => db.transactionState('main\0')],
  ['the name of a function', () => db.function('a\0b', () => 1)],
  ['the name of a module', () => registerModule(db, 'a\0b', { connect: () => assert.fail() })],
  ['the name of a table', () => insertMany(db, 'a\0b', ['x'], [[1]])],
  ['the name of a column', () => insertMany(db, 't', ['a\0b'], [[1]])],
] as [string, () => unknown][]) {
  test(`a NUL character is refused where SQLite would stop reading: ${what}`, () => {
    assert.throws(call, (error: Error) => {
      assert.ok(error instanceof TypeError, String(error))
      assert.match(error.message, /NUL character/)
      return true
    })
  })
}

test('a NUL character in a path is refused', async () => {
  await assert.rejects(open('a\0b'), TypeError)
})

test('nothing of a text with NUL is run', () => {
  assert.throws(() => db.exec('CREATE TABLE ran(a); \0'), /character 21 is one/)
  assert.deepEqual(db.prepare("SELECT name FROM sqlite_schema WHERE name = 'ran'").all(), [])
})

test('a text that is refused behind its first statement leaves no statement behind', async () => {
  const { mkdtempSync, readdirSync, readlinkSync, rmSync } = await import('node:fs')
  const folder = mkdtempSync('/tmp/rest-')
  const file = await open(`${folder}/a.db`, { register: false })
  file.exec('CREATE TABLE t(x)')
  for (const rest of ['SELECT 2', 'nonsense', "'"]) {
    assert.throws(() => file.prepare(`SELECT * FROM t; ${rest}`))
  }
  file.close()
  // A statement that is left over would keep the file open.
  const mine = (fd: string): boolean => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder)
    } catch {
      return false
    }
  }
  if (process.platform === 'linux') assert.deepEqual(readdirSync('/proc/self/fd').filter(mine), [])
  rmSync(folder, { recursive: true })
})

test('a connection and a statement print as one line', async () => {
  const printed = await open(':memory:')
  const statement = printed.prepare('SELECT 1 AS one')
  assert.equal(inspect(printed), 'Connection { ":memory:", open }')
  assert.equal(inspect(statement), 'Statement { "SELECT 1 AS one" }')
  printed.exec('BEGIN')
  const rows = statement.iterate()
  rows.next()
  assert.equal(inspect(printed), 'Connection { ":memory:", open, in a transaction }')
  assert.equal(inspect({ statement }), '{ statement: Statement { "SELECT 1 AS one", busy } }')
  printed.close()
  assert.equal(inspect(printed), 'Connection { ":memory:", closed }')
  assert.equal(inspect(statement), 'Statement { "SELECT 1 AS one", finalized }')
})
