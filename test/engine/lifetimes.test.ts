import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { RowReader } from '../../src/entries/engine.ts'
import { insertMany, open, VecError } from '../../src/entries/main.ts'
import type { Connection } from '../../src/sqlite/connection.ts'
import type { StatementCursor } from '../../src/sqlite/statement-cursor.ts'
import type { Statement } from '../../src/sqlite/statement.ts'
import { registerModule } from '../../src/sqlite/vtab/vtab.ts'
import { refused } from '../refusal.ts'
import type { HeapWitness } from './heap-witness.ts'
import { ROWS, SEARCH, witnessedDatabase } from './witnessed-database.ts'

/**
 * What statements, iterators, cursors, rows and connections still do after an end of any kind. All connections of a process
 * share one heap, so after each case another connection is asked whether it is whole.
 */
let path: string
let db: Connection
let witness: HeapWitness

witnessedDatabase('lifetimes', made => ({ db, path, witness } = made))

interface Things {
  readonly statement: Statement
  readonly search: Statement
  readonly fresh: IterableIterator<unknown>
  readonly running: IterableIterator<unknown>
  readonly searching: IterableIterator<unknown>
  readonly cursor: StatementCursor
  readonly row: RowReader
}

/** A statement of each kind, idle and in the middle. */
function things(): Things {
  const statement = db.prepare(ROWS)
  const search = db.prepare(SEARCH)
  const running = db.prepare(ROWS).iterate()
  running.next()
  const searching = db.prepare(SEARCH).iterate()
  searching.next()
  const cursor = db.prepare(ROWS).cursor([])
  cursor.step()
  return {
    statement,
    search,
    fresh: db.prepare(ROWS).iterate(),
    running,
    searching,
    cursor,
    row: cursor.row,
  }
}

const USES: Readonly<Record<string, (of: Things) => unknown>> = {
  'get of a statement': ({ statement }) => statement.get(),
  'all of a statement': ({ statement }) => statement.all(),
  'run of a statement': ({ statement }) => statement.run(),
  'iterate of a statement': ({ statement }) => [...statement.iterate()],
  'first of a statement': ({ statement }) => statement.first([], row => row.number(0)),
  'each of a statement': ({ statement }) => statement.each([], row => void row.text(1)),
  'a cursor of a statement': ({ statement }) => statement.cursor([]).step(),
  'columns of a statement': ({ statement }) => statement.columns(),
  'a search': ({ search }) => search.all(),
  'an iterator that has not begun': ({ fresh }) => fresh.next(),
  'an iterator in the middle': ({ running }) => running.next(),
  'an iterator of a search in the middle': ({ searching }) => searching.next(),
  'a cursor in the middle': ({ cursor }) => cursor.step(),
  'a row: value': ({ row }) => row.value(0),
  'a row: number': ({ row }) => row.number(0),
  'a row: bigint': ({ row }) => row.bigint(0),
  'a row: text': ({ row }) => row.text(1),
  'a row: bytes': ({ row }) => row.bytes(1),
  'a row: byteLength': ({ row }) => row.byteLength(1),
  'a row: isNull': ({ row }) => row.isNull(0),
  'a row: isText': ({ row }) => row.isText(0),
  'a row: isBlob': ({ row }) => row.isBlob(0),
}

/** What ends things without asking for a result is quiet. */
const ENDS: Readonly<Record<string, (of: Things) => unknown>> = {
  'leaving an iterator': ({ running }) => running.return?.(),
  'leaving an iterator of a search': ({ searching }) => searching.return?.(),
  'leaving an iterator that has not begun': ({ fresh }) => fresh.return?.(),
  'ending a cursor': ({ cursor }) => cursor.end(),
  'finalizing a statement': ({ statement }) => statement.finalize(),
  'finalizing a statement twice': ({ statement }) => {
    statement.finalize()
    statement.finalize()
  },
}

describe('after close() with everything in the middle', () => {
  for (const [what, use] of Object.entries(USES)) {
    test(`${what} throws VEC_CLOSED`, () => {
      const all = things()
      db.close()
      witness.churn()
      refused(() => use(all), 'VEC_CLOSED', 'connection')
    })
  }
  for (const [what, end] of Object.entries(ENDS)) {
    test(`${what} is quiet`, () => {
      const all = things()
      db.close()
      witness.churn()
      end(all)
    })
  }

  test('an iterator that is thrown into throws just that', () => {
    const { running } = things()
    db.close()
    witness.churn()
    const error = new Error('mine')
    assert.throws(() => running.throw?.(error), error)
    assert.deepEqual(running.next(), { value: undefined, done: true })
  })

  for (const [what, use] of Object.entries({
    exec: () => db.exec('SELECT 1'),
    prepare: () => db.prepare('SELECT 1'),
    pragma: () => db.pragma('user_version'),
    function: () => db.function('f', () => 1),
    'a transaction that was made before': () => committed(),
    transaction: () => db.transaction(() => 1)(),
    transactionState: () => db.transactionState(),
    filename: () => db.filename(),
    fileKey: () => db.fileKey(),
    schemas: () => db.schemas(),
    isReadonly: () => db.isReadonly(),
    readonly: () => db.readonly,
    totalChanges: () => db.totalChanges,
    'setting busyTimeout': () => (db.busyTimeout = 5),
    waitingAtMost: () => db.waitingAtMost(0, () => 1),
    unnoticed: () => db.unnoticed(() => 1),
    registerModule: () => registerModule(db, 'm', { connect: () => assert.fail() }),
    insertMany: () => insertMany(db, 't', ['x'], [[1]]),
  } as Record<string, () => unknown>)) {
    test(`the connection's ${what} throws VEC_CLOSED`, () => {
      committed = db.transaction(() => db.exec('SELECT 1'))
      things()
      db.close()
      witness.churn()
      refused(use, 'VEC_CLOSED', 'connection', 'open()')
    })
  }

  test('what only tells of the connection still does', () => {
    db.exec('PRAGMA busy_timeout = 77')
    db.close()
    assert.equal(db.open, false)
    assert.equal(db.inTransaction, false)
    assert.equal(db.busyTimeout, 77)
    assert.equal(db.name, path)
    db.interrupt()
    db.close()
  })
})

let committed: () => unknown

describe('after finalize() of all statements in the middle', () => {
  for (const [what, use] of Object.entries(USES)) {
    test(`${what} throws VEC_CLOSED`, () => {
      const statement = db.prepare(ROWS)
      const search = db.prepare(SEARCH)
      const [one, two, three] = [db.prepare(ROWS), db.prepare(SEARCH), db.prepare(ROWS)]
      const other = db.prepare(ROWS)
      const all = {
        statement,
        search,
        fresh: other.iterate(),
        running: one.iterate(),
        searching: two.iterate(),
        cursor: three.cursor([]),
        get row() {
          return this.cursor.row
        },
      }
      all.running.next()
      all.searching.next()
      all.cursor.step()
      for (const each of [statement, search, one, two, three, other]) each.finalize()
      witness.churn()
      refused(() => use(all), 'VEC_CLOSED', 'statement', 'prepare')
      assert.equal(db.prepare('SELECT count(*) FROM t').pluck().get(), 3)
      assert.equal(db.transactionState(), 'none')
    })
  }
})

describe('inside a function that the statement runs', () => {
  for (const [what, act] of [
    ['finalize()', (s: Statement) => s.finalize()],
    ['using', (s: Statement) => s[Symbol.dispose]()],
  ] as const) {
    test(`${what} of that statement is refused, and the statement goes on`, () => {
      let statement: Statement | undefined
      let refusal: unknown
      db.function('meddle', x => {
        try {
          act(statement!)
        } catch (error) {
          refusal = error
        }
        return x
      })
      statement = db.prepare('SELECT meddle(x) FROM t').pluck()
      assert.deepEqual(statement.all(), [1, 2, 3])
      assert.ok(refusal instanceof VecError)
      assert.equal(refusal.code, 'SQLITE_MISUSE')
      assert.match(refusal.message, /\bfunction\b/)
      assert.deepEqual(statement.all(), [1, 2, 3])
      statement.finalize()
    })
  }

  test('close() is refused, and the statement goes on', () => {
    db.function('shut', x => {
      assert.throws(() => db.close(), /close\(\) was called from a function/)
      return x
    })
    assert.deepEqual(db.prepare('SELECT shut(x) FROM t').pluck().all(), [1, 2, 3])
    assert.equal(db.open, true)
  })

  test('close() of another connection is possible, also of one that is read from', async () => {
    const other = await open(path)
    const rows = other.prepare(ROWS).iterate()
    rows.next()
    db.function('shut', x => {
      other.close()
      return x
    })
    assert.deepEqual(db.prepare('SELECT shut(x) FROM t').pluck().all(), [1, 2, 3])
    refused(() => rows.next(), 'VEC_CLOSED')
  })

  test('its own iterator cannot be moved', () => {
    let rows: IterableIterator<unknown> | undefined
    db.function('step', x => {
      assert.throws(() => rows?.next(), /already (?:running|executing)|is executing|busy/)
      return x
    })
    rows = db.prepare('SELECT step(x) FROM t').pluck().iterate()
    assert.deepEqual([...rows], [1, 2, 3])
  })

  test('it cannot be started again', () => {
    let statement: Statement | undefined
    db.function('again', x => {
      assert.throws(() => statement?.all(), /busy/)
      return x
    })
    statement = db.prepare('SELECT again(x) FROM t').pluck()
    assert.deepEqual(statement.all(), [1, 2, 3])
  })
})

describe('close() with a statement that wrote and is half read', () => {
  test('commits it', async () => {
    const rows = db.prepare('INSERT INTO t VALUES (4, NULL), (5, NULL) RETURNING x').iterate()
    rows.next()
    db.close()
    using again = await open(path)
    assert.equal(again.prepare('SELECT count(*) FROM t').pluck().get(), 5)
  })

  test('rolls it back in a transaction', async () => {
    db.exec('BEGIN')
    const rows = db.prepare('INSERT INTO t VALUES (4, NULL) RETURNING x').iterate()
    rows.next()
    db.close()
    using again = await open(path)
    assert.equal(again.prepare('SELECT count(*) FROM t').pluck().get(), 3)
  })

  test('throws what keeps it from committing, and is closed', async () => {
    db.exec(
      `PRAGMA foreign_keys = ON; CREATE TABLE child(p REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED);
       CREATE TABLE parent(id PRIMARY KEY)`,
    )
    const rows = db.prepare('INSERT INTO child VALUES (7) RETURNING p').iterate()
    rows.next()
    refused(() => db.close(), 'SQLITE_CONSTRAINT', 'FOREIGN KEY')
    assert.equal(db.open, false)
    db.close()
    using again = await open(path)
    assert.equal(again.prepare('SELECT count(*) FROM child').pluck().get(), 0)
    again.exec('DELETE FROM t')
  })

  test('a task of onClose that fails is thrown, after the others have run and the files are closed', async () => {
    const ran: string[] = []
    db.onClose(() => ran.push('last'))
    db.onClose(() => {
      throw new Error('mine')
    })
    db.onClose(() => {
      ran.push('first')
      db.close()
    })
    assert.throws(() => db.close(), /mine/)
    assert.deepEqual(ran, ['first', 'last'])
    assert.equal(db.open, false)
    using again = await open(path)
    again.exec('DELETE FROM t')
  })
})

describe('after an error', () => {
  test('a transaction that rolled back ends the iterators in it with a reason', () => {
    db.exec('BEGIN; INSERT INTO t VALUES (4, NULL)')
    const rows = db.prepare('SELECT x FROM t').iterate()
    rows.next()
    db.exec('CREATE TABLE k(x UNIQUE ON CONFLICT ROLLBACK); INSERT INTO k VALUES (1)')
    refused(() => db.exec('INSERT INTO k VALUES (1)'), 'SQLITE_CONSTRAINT')
    assert.throws(() => [...rows], { code: 'SQLITE_ABORT' })
    assert.equal(db.prepare('SELECT count(*) FROM t').pluck().get(), 3)
  })

  test('an interrupt leaves every statement usable', () => {
    let stop = true
    db.function('stop', x => {
      if (stop && x === 50) db.interrupt()
      return Number(x) + 1
    })
    const statement = db
      .prepare(
        'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT stop(x) FROM n) SELECT x FROM n LIMIT 100',
      )
      .pluck()
    refused(() => statement.all(), 'SQLITE_INTERRUPT')
    stop = false
    assert.equal(statement.all().length, 100)
  })
})

function garbageCollector(): () => void {
  const { Bun } = globalThis as { Bun?: { gc(now: boolean): void } }
  if (Bun) return () => Bun.gc(true)
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

test('unreachable statements are freed, even between two rows, and release their locks', async () => {
  const gc = garbageCollector()
  const lose = (): void => {
    for (let i = 0; i < 50; i++) {
      db.prepare(`SELECT x, ${i} FROM t`).iterate().next()
      db.prepare(SEARCH).iterate().next()
      db.prepare(`SELECT y, ${i} FROM t`).cursor([]).step()
    }
  }
  lose()
  assert.equal(db.transactionState(), 'read')
  for (let i = 0; i < 50 && db.transactionState() !== 'none'; i++) {
    await new Promise(resolve => setTimeout(resolve, 20))
    gc()
  }
  assert.equal(db.transactionState(), 'none')
  assert.deepEqual(db.prepare(SEARCH).pluck().all(), ['1', '2'])
})
