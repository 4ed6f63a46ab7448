import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { Connection } from '../../src/engine/connection.ts'
import { OP, type IndexInfo } from '../../src/engine/index-info.ts'
import type { SqlValue } from '../../src/engine/values.ts'
import {
  UNCHANGED,
  type RowChange,
  type VirtualTable,
  type VirtualTableModule,
} from '../../src/engine/virtual-table.ts'
import { registerModule } from '../../src/engine/vtab.ts'
import { open } from '../../src/main.ts'
import { refused } from './refusal.ts'

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
      if (bound) info.use(bound, true)
      const list = info.constraints.find(c => c.column === 0 && c.op === OP.EQ && c.usable)
      if (list && info.takeList(list)) info.use(list, false)
      info.detail = bound ? 'from' : list ? 'list' : ''
      return true
    },
    open() {
      let n = 0
      return {
        filter(_plan, detail, args) {
          seen.push(
            detail === 'list' ? `list ${args.list(0).join(' ')}` : `filter ${detail} ${args.count}`,
          )
          n = detail === 'from' ? Number(args.value(0)) : 0
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

function fail(): never {
  throw new Error('thrown on purpose')
}

function values(change: RowChange): readonly unknown[] {
  return change.kind === 'delete' ? [] : change.values
}
