import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { Utf8 } from '../../src/entries/engine.ts'
import { open, VecError, type SqlValue } from '../../src/entries/main.ts'
import type { Connection } from '../../src/sqlite/connection.ts'
import { OP, type IndexInfo } from '../../src/sqlite/vtab/index-info.ts'
import {
  UNCHANGED,
  type RowChange,
  type VirtualTable,
  type VirtualTableModule,
} from '../../src/sqlite/vtab/virtual-table.ts'
import { registerModule } from '../../src/sqlite/vtab/vtab.ts'
import { refused } from '../refusal.ts'

let db: Connection
let seen: string[]

beforeEach(async () => {
  db = await open(':memory:', { register: false })
  seen = []
})

/** Numbers from 0 below `size`; a lower bound on n is pushed down when `size` asks for it. */
function numbers(size: number, changes?: RowChange[]): VirtualTable {
  return {
    declaration: 'CREATE TABLE numbers(n INTEGER, square INTEGER, extra HIDDEN)',
    bestIndex(info: IndexInfo) {
      const bound = info.constraints.find(c => c.column === 0 && c.op === OP.GE && c.usable)
      const list = info.constraints.find(
        c => c.column === 0 && c.op === OP.EQ && c.usable && info.isList(c),
      )
      return {
        text: bound ? 'from' : list ? 'list' : '',
        terms: [
          ...(bound ? [{ constraint: bound }] : []),
          ...(list ? [{ constraint: list, list: true, check: true }] : []),
        ],
      }
    },
    open() {
      let n = 0
      return {
        filter({ text }, given) {
          seen.push(
            text === 'list' ? `list ${given[0].join(' ')}` : `filter ${text} ${given.length}`,
          )
          n = text === 'from' ? Number(given[0][0]) : 0
        },
        next: () => {
          n++
        },
        get eof() {
          return n >= size
        },
        column: (result, column) => result.value(column === 0 ? n : column === 1 ? n * n : null),
        rowid: () => BigInt(n),
        close: () => {
          seen.push('close')
        },
      }
    },
    ...(changes ? { update: (change: RowChange) => (changes.push(change), 42) } : {}),
    rename: name => void seen.push(`rename ${name}`),
    destroy: () => void seen.push('destroy'),
    disconnect: () => void seen.push('disconnect'),
  }
}

function module(make: VirtualTableModule['connect']): VirtualTableModule {
  return { create: make, connect: make }
}

test('a virtual table is scanned, filtered, joined and counted', () => {
  registerModule(
    db,
    'numbers',
    module(() => numbers(5)),
  )
  db.exec('CREATE VIRTUAL TABLE v USING numbers')
  assert.deepEqual(db.prepare('SELECT * FROM v').raw().all(), [
    [0, 0],
    [1, 1],
    [2, 4],
    [3, 9],
    [4, 16],
  ])
  assert.deepEqual(db.prepare('SELECT n FROM v WHERE n >= 3').pluck().all(), [3, 4])
  assert.deepEqual(
    seen.filter(text => text.startsWith('filter')),
    ['filter  0', 'filter from 1'],
  )
  assert.equal(db.prepare('SELECT count(*) FROM v a JOIN v b ON a.n >= b.n').pluck().get(), 15)
  assert.deepEqual(db.prepare('SELECT rowid FROM v WHERE square = 9').pluck().all(), [3])
})

test('an IN list arrives as a whole', () => {
  registerModule(
    db,
    'numbers',
    module(() => numbers(9)),
  )
  db.exec('CREATE VIRTUAL TABLE v USING numbers')
  assert.deepEqual(db.prepare('SELECT n FROM v WHERE n IN (7, 2, 7)').pluck().all(), [2, 7])
  assert.ok(seen.includes('list 2 7'), seen.join())
})

test('the context tells schema, name and arguments as written', () => {
  let told: unknown
  registerModule(
    db,
    'numbers',
    module(({ schema, table, args }) => {
      told = { schema, table, args }
      return numbers(1)
    }),
  )
  db.exec(`CREATE VIRTUAL TABLE "my table" USING numbers(a, b = 'c, d', "e")`)
  assert.deepEqual(told, { schema: 'main', table: 'my table', args: ['a', "b = 'c, d'", '"e"'] })
})

test('insert, update and delete reach the table with their values', () => {
  const changes: RowChange[] = []
  registerModule(
    db,
    'numbers',
    module(() => numbers(3, changes)),
  )
  db.exec('CREATE VIRTUAL TABLE v USING numbers')
  assert.equal(db.prepare("INSERT INTO v(n, square) VALUES (7, 'x')").run().lastInsertRowid, 42)
  db.exec('UPDATE v SET square = 5 WHERE n = 1; DELETE FROM v WHERE n = 2')
  assert.deepEqual(
    changes.map(change => change.kind),
    ['insert', 'update', 'delete'],
  )
  assert.deepEqual(values(changes[0]), [7, 'x', null] satisfies SqlValue[])
  assert.deepEqual(changes[1].rowid, 1)
  assert.equal(values(changes[1])[1], 5)
  assert.ok([UNCHANGED, null].includes(values(changes[1])[2] as null))
  assert.equal(changes[2].rowid, 2)
})

for (const [place, make] of [
  ['declaration', () => ({ ...numbers(1), declaration: 'nonsense' })],
  ['bestIndex', () => ({ ...numbers(1), bestIndex: fail })],
  ['open', () => ({ ...numbers(1), open: fail })],
  ['filter', () => ({ ...numbers(1), open: () => ({ ...numbers(1).open(), filter: fail }) })],
  [
    'column',
    () => ({
      ...numbers(1),
      open: () => ({ filter: () => {}, next: () => {}, eof: false, rowid: () => 0n, column: fail }),
    }),
  ],
  [
    'rowid',
    () => ({
      ...numbers(1),
      open: () => ({ filter: () => {}, next: () => {}, eof: false, rowid: fail, column: () => {} }),
    }),
  ],
] as [string, () => VirtualTable][]) {
  test(`what ${place} throws is the error of the statement, and the connection goes on`, () => {
    registerModule(db, 'numbers', module(make))
    const text = place === 'declaration' ? 'declare_vtab failed' : 'thrown on purpose'
    refused(
      () => {
        db.exec('CREATE VIRTUAL TABLE v USING numbers')
        db.prepare('SELECT rowid, n FROM v').all()
      },
      'SQLITE_ERROR',
      text,
    )
    assert.equal(db.prepare('SELECT 1').pluck().get(), 1)
  })
}

test('rename, drop and close reach the table', () => {
  registerModule(
    db,
    'numbers',
    module(() => numbers(1)),
  )
  db.exec('CREATE VIRTUAL TABLE v USING numbers; ALTER TABLE v RENAME TO w')
  assert.ok(seen.includes('rename w'))
  db.exec('DROP TABLE w')
  assert.ok(seen.includes('destroy'))
  db.exec('CREATE VIRTUAL TABLE v USING numbers')
  db.close()
  assert.ok(seen.includes('disconnect'))
})

test('an eponymous table works under the name of its module', () => {
  registerModule(db, 'numbers', { eponymous: true, connect: () => numbers(3) })
  assert.equal(db.prepare('SELECT count(*) FROM numbers').pluck().get(), 3)
})

test('what the statement says of rows in the way reaches the table, and a constraint is left to it', () => {
  const changes: RowChange[] = []
  registerModule(
    db,
    'numbers',
    module(() => ({
      ...numbers(3, changes),
      update(change) {
        changes.push(change)
        if (change.kind !== 'delete' && change.values[0] === 13) {
          throw new VecError('SQLITE_CONSTRAINT', 'thirteen is taken', { extendedCode: 2067 })
        }
        return 1
      },
    })),
  )
  db.exec('CREATE VIRTUAL TABLE v USING numbers')
  const told = (sql: string): unknown => {
    changes.length = 0
    db.exec(sql)
    return changes.map(change => change.kind !== 'delete' && change.onConflict)
  }
  assert.deepEqual(told('INSERT INTO v(n) VALUES (1)'), ['abort'])
  for (const word of ['abort', 'fail', 'ignore', 'replace', 'rollback']) {
    assert.deepEqual(told(`INSERT OR ${word} INTO v(n) VALUES (1)`), [word])
    assert.deepEqual(told(`UPDATE OR ${word} v SET square = 1 WHERE n = 1`), [word])
  }
  const error = refused(
    () => db.exec('INSERT INTO v(n) VALUES (13), (2)'),
    'SQLITE_CONSTRAINT',
    'thirteen is taken',
  )
  assert.equal(error.extendedCode, 2067)
  assert.equal(db.prepare('INSERT OR IGNORE INTO v(n) VALUES (13), (2)').run().changes, 1)
  // The message of the row that was passed over is not that of the next failure.
  refused(() => db.exec('SELECT 1 FROM nowhere'), 'SQLITE_ERROR', 'no such table: nowhere')
})

test('a column that an UPDATE does not set is UNCHANGED when its cursor leaves it out', () => {
  const changes: RowChange[] = []
  registerModule(
    db,
    'numbers',
    module(() => {
      const table = numbers(3, changes)
      return {
        ...table,
        open() {
          const cursor = table.open()
          return {
            filter: (plan, given) => cursor.filter(plan, given),
            next: () => cursor.next(),
            get eof() {
              return cursor.eof
            },
            rowid: () => cursor.rowid(),
            column(result, column) {
              if (!result.unwanted) cursor.column(result, column)
            },
          }
        },
      }
    }),
  )
  db.exec('CREATE VIRTUAL TABLE v USING numbers; UPDATE v SET square = n + 1 WHERE n = 2')
  assert.deepEqual(values(changes[0]), [UNCHANGED, 3, UNCHANGED])
})

test('text that is no UTF-8 is written as its bytes', () => {
  const changes: RowChange[] = []
  registerModule(
    db,
    'numbers',
    module(() => numbers(1, changes)),
  )
  db.exec(`CREATE VIRTUAL TABLE v USING numbers;
    INSERT INTO v(n, square) VALUES (CAST(x'41ff' AS TEXT), 'a\ufffd')`)
  const [n, square] = values(changes[0])
  assert.ok(n instanceof Utf8)
  assert.deepEqual(n.bytes, Uint8Array.of(0x41, 0xff))
  assert.equal(square, 'a\ufffd')
})

test('a transaction inside a write is the statement itself, and begin tells of the first one', () => {
  db.exec('CREATE TABLE log(t UNIQUE)')
  registerModule(
    db,
    'numbers',
    module(() => ({
      ...numbers(3),
      begin: () => void seen.push('begin'),
      update(change) {
        if (change.kind !== 'insert') return 0
        db.transaction(() => {
          seen.push(`inside ${db.insideWrite}`)
          db.prepare('INSERT INTO log VALUES (?)').run(change.values[0])
        }).immediate()
        return 1
      },
    })),
  )
  db.exec('CREATE VIRTUAL TABLE v USING numbers')
  seen = []
  db.exec('BEGIN; INSERT INTO v(n) VALUES (1); INSERT INTO v(n) VALUES (2); COMMIT')
  assert.deepEqual(seen, ['begin', 'inside true', 'inside true'])
  refused(() => db.exec('INSERT INTO v(n) VALUES (3), (1)'), 'SQLITE_CONSTRAINT')
  assert.deepEqual(db.prepare('SELECT t FROM log').pluck().all(), [1, 2])
  assert.equal(db.insideWrite, false)
  assert.equal(db.inTransaction, false)
})

function fail(): never {
  throw new Error('thrown on purpose')
}

function values(change: RowChange): readonly unknown[] {
  return change.kind === 'delete' ? [] : change.values
}
