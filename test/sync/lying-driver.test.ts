import assert from 'node:assert/strict'
import type { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import {
  mysqlUpstream,
  postgresUpstream,
  type SqliteConnection,
  type SqliteStatement,
  sqliteUpstream,
  type Upstream,
} from '../../src/entries/vecsync.ts'
import { Followed, watchProcess } from './followed.ts'
import { openSqlite } from './sqlite-database.ts'
import type { UpstreamAddress } from './test-upstreams.ts'
import { onEachUpstream, within } from './world.ts'

// A driver may give anything: follow() takes it for a failed pass, and goes on with a new connection.

/** What is given instead of a result, or thrown. */
type Lie = (rows: unknown) => unknown

type Row = Record<string, unknown>

const eachRow =
  (change: (row: Row) => unknown): Lie =>
  rows =>
    Array.isArray(rows) ? (rows as Row[]).map(change) : rows

const eachValue = (value: unknown): Lie =>
  eachRow(row => Object.fromEntries(Object.keys(row).map(name => [name, value])))

const thrown =
  (value: unknown): Lie =>
  () => {
    throw value
  }

const NOTHING: Lie = rows => (Array.isArray(rows) ? rows.slice(1) : rows)

const lies: readonly (readonly [string, Lie])[] = [
  [
    'columns under other names',
    eachRow(row =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [`${name}\u0001`, value])),
    ),
  ],
  [
    'rows without their first column',
    eachRow(row => Object.fromEntries(Object.entries(row).slice(1))),
  ],
  [
    'rows without their last column',
    eachRow(row => Object.fromEntries(Object.entries(row).slice(0, -1))),
  ],
  ['rows as lists', eachRow(row => Object.values(row))],
  ['a row too few, or none', NOTHING],
  ['each row twice', rows => (Array.isArray(rows) ? ([...rows, ...rows] as unknown) : rows)],
  ['rows that are NULL', eachRow(() => null)],
  ['rows that are text', eachRow(() => 'row')],
  ['NULL instead of rows', () => null],
  ['nothing instead of rows', () => undefined],
  ['text instead of rows', () => 'rows'],
  ['an object instead of rows', () => ({})],
  ['a number instead of rows', () => 7],
  ...[
    null,
    '',
    'text',
    '-1',
    '1e3',
    '0x10',
    'NaN',
    true,
    NaN,
    1.5,
    -1,
    Infinity,
    2n ** 70n,
    {},
    [],
    Symbol('value'),
    new Uint8Array([255]),
    new Date(0),
  ].map(value => [`each value ${inspect(value)}`, eachValue(value)] as const),
  ['an exception that is nothing', thrown(undefined)],
  ['an exception that is NULL', thrown(null)],
  ['an exception that is text', thrown('broken')],
  ['a TypeError', thrown(new TypeError(`Cannot read properties of undefined (reading 'x')`))],
  [
    'a RangeError',
    thrown(Object.assign(new RangeError('out of range'), { code: 'ERR_OUT_OF_RANGE' })),
  ],
  ['an error without a message', thrown(new Error(''))],
  [
    'an error whose code is a number',
    thrown(Object.assign(new Error('odd'), { code: 7, errno: 'x' })),
  ],
  ['errors in an AggregateError', thrown(new AggregateError([new Error('a'), 'b']))],
]

/** Counts answers down while a lie is told. */
class Liar {
  #lie: Lie | undefined
  #left = 0
  readonly opened: EventEmitter[] = []

  tell(lie: Lie, answers: number): void {
    this.#lie = lie
    this.#left = answers
  }

  get told(): boolean {
    return this.#left === 0
  }

  answer<T>(rows: T): T {
    if (this.#left === 0) return rows
    this.#left--
    return this.#lie!(rows) as T
  }

  upstream(address: UpstreamAddress): Upstream {
    const { name, port, path } = address
    const options = { deadline: 2000, description: name }
    const host = '127.0.0.1'
    if (name === 'MariaDB') {
      return mysqlUpstream(async () => {
        const made = await createConnection({ host, port: port!, user: 'root', database: 'test' })
        this.opened.push(made)
        return {
          query: async (...asked: Parameters<typeof made.query>) => {
            const [rows, fields] = await made.query(...asked)
            return [this.answer<unknown>(rows), fields] as [unknown, unknown]
          },
          on: (event: 'error', listener: (error: unknown) => void) => made.on(event, listener),
          end: () => made.end(),
          destroy: () => made.destroy(),
        }
      }, options)
    }
    if (name === 'PostgreSQL') {
      return postgresUpstream(() => {
        const made = new pg.Client({ host, port: port!, user: 'test', database: 'postgres' })
        this.opened.push(made)
        return {
          connect: () => made.connect(),
          query: async (sql: string, values?: unknown[]) => {
            const result = await made.query(sql, values)
            return { ...result, rows: this.answer<unknown>(result.rows) }
          },
          on: (event: 'error', listener: (error: unknown) => void) => made.on(event, listener),
          end: () => made.end(),
        }
      }, options)
    }
    return sqliteUpstream(() => this.#sqlite(openSqlite(path)), options)
  }

  #sqlite(made: SqliteConnection): SqliteConnection {
    return {
      exec: sql => made.exec(sql),
      prepare: sql => {
        const statement: SqliteStatement = made.prepare(sql)
        return {
          run: (...values) => statement.run(...values),
          get: (...values) => statement.get(...values),
          all: (...values) => this.answer(statement.all(...values)),
          iterate: (...values) => statement.iterate(...values),
        }
      },
      close: () => made.close?.(),
    }
  }
}

const rows = (of: Followed): unknown[] =>
  of.replica.prepare('SELECT id, content, embedding FROM shadow_vec_docs ORDER BY id').all()

onEachUpstream('a driver that lies', (world, kind) => {
  for (const [title, lie] of lies) {
    test(title, () =>
      within(world, async w => {
        const watch = watchProcess()
        const liar = new Liar()
        for (let i = 0; i < 5; i++) await w.put(`doc${i}`, 'text', '0000803f00000040')
        const followed = new Followed(liar.upstream(w.upstream.address()), { batchSize: 2 })
        try {
          // The first falls into the first copy. Tables that are twice found empty are believed to be.
          for (const answers of lie === NOTHING ? [1, 1] : [1, 2]) {
            liar.tell(lie, answers)
            await w.put(`doc${answers}`, title)
            while (!liar.told && followed.ended === undefined) {
              await new Promise(resolve => {
                setTimeout(resolve, 5)
              })
            }
            liar.tell(lie, 0)
            await followed.catchUp(w.upstream.upstream)
          }
          const fresh = new Followed(w.upstream.upstream)
          await fresh.catchUp(w.upstream.upstream)
          assert.deepEqual(rows(followed), rows(fresh))
          await fresh.stop()
        } finally {
          assert.equal(await followed.stop(), undefined)
          watch.end()
        }
      }),
    )
  }

  if (kind !== 'SQLite') {
    test(`its 'error' events outside of a query`, () =>
      within(world, async w => {
        const watch = watchProcess()
        const liar = new Liar()
        const followed = new Followed(liar.upstream(w.upstream.address()))
        try {
          for (let i = 0; i < 5; i++) {
            await w.put(`doc${i}`)
            await followed.catchUp(w.upstream.upstream)
            for (const made of liar.opened) made.emit('error', new Error('out of the blue'))
          }
          await followed.catchUp(w.upstream.upstream)
        } finally {
          assert.equal(await followed.stop(), undefined)
          watch.end()
        }
      }))
  }
})
