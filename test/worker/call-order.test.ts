import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { lockSupport } from '../../src/entries/engine.ts'
import { AsyncCollection, connect, type AsyncDatabase } from '../../src/entries/worker.ts'
import { refusedLater } from '../refusal.ts'

const { kind } = await lockSupport()
const noSharing = kind === 'ofd' ? false : 'without byte-range locks, one connection has the file'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'call-order-'))
})
after(() => rmSync(folder, { recursive: true }))

const PLACE = { table: 'docs', dataset: 'd' }
const DECLARED = { ...PLACE, declaration: 'doc_id, lang TEXT' }
const DOCUMENTS = [
  { id: 'a', vector: [1, 0] },
  { id: 'b', vector: [0, 1] },
]
const vector = [1, 0]

/** More rows than one message takes. */
function* rows(): Generator<[number, number]> {
  for (let i = 0; i < 5000; i++) yield [i, i]
}

/** A call, and what a write that is made behind it must see of its effect. */
const WRITES: readonly {
  readonly name: string
  readonly call: (db: AsyncDatabase) => Promise<unknown>
  readonly seen: string
  readonly count: number
}[] = [
  {
    name: 'the first upsert of a collection with a declaration',
    call: async db => new AsyncCollection(db, DECLARED).upsert(DOCUMENTS),
    seen: '_vec_docs',
    count: 2,
  },
  {
    name: 'the first transaction of a collection with a declaration',
    call: async db => new AsyncCollection(db, DECLARED).transaction([['upsert', DOCUMENTS]]),
    seen: '_vec_docs',
    count: 2,
  },
  {
    name: 'the first read of a collection with a declaration',
    call: async db => new AsyncCollection(db, DECLARED).count(),
    seen: "sqlite_schema WHERE name = 'docs'",
    count: 1,
  },
  {
    name: 'insertMany of an array',
    call: async db => db.insertMany('t', ['x', 'y'], [...rows()]),
    seen: 't',
    count: 5000,
  },
  {
    name: 'insertMany of a generator',
    call: async db => db.insertMany('t', ['x', 'y'], rows()),
    seen: 't',
    count: 5000,
  },
]

/** Each call reads `a`, which a write that is made behind it deletes. */
const READS: readonly {
  readonly name: string
  readonly call: (notes: AsyncCollection) => Promise<readonly { readonly id: string }[]>
}[] = [
  { name: 'query', call: async notes => (await notes.query({ vector, k: 2 })).hits },
  {
    name: 'queryMany',
    call: async notes => (await notes.queryMany([vector], { k: 2 })).flat(),
  },
  { name: 'list', call: async notes => (await notes.list()).documents },
]

for (const threads of [0, 2]) {
  const skip = threads > 0 && noSharing
  describe(
    `calls take effect in the order in which they are made: ${threads} readers`,
    { skip },
    () => {
      let db: AsyncDatabase
      before(async () => {
        db = await connect(join(folder, `${threads}.sqlite`), { threads })
      })
      beforeEach(async () => {
        await db.exec(`DROP TABLE IF EXISTS docs; DROP TABLE IF EXISTS t; DROP TABLE IF EXISTS seen;
        CREATE TABLE t(x, y); CREATE TABLE seen(n)`)
      })
      after(async () => db.close())

      for (const { name, call, seen, count } of WRITES) {
        test(name, async () => {
          const first = call(db)
          const behind = db.run(`INSERT INTO seen SELECT count(*) FROM ${seen}`)
          await Promise.all([first, behind])
          assert.deepEqual(await db.get('SELECT n FROM seen', [], { rows: 'values' }), count)
        })
      }

      for (const { name, call } of READS) {
        test(`${name} by a vector`, async () => {
          const made = new AsyncCollection(db, DECLARED)
          await made.upsert(DOCUMENTS)
          // Its first call still has to look at the declaration.
          for (const notes of [new AsyncCollection(db, DECLARED), made]) {
            const answers = [call(notes)]
            // A reader of its own may answer a read after a write that was made behind it.
            if (threads === 0) {
              await made.delete({ ids: ['a'] })
              answers.push(call(notes))
              await made.upsert(DOCUMENTS)
            }
            const found = await Promise.all(answers)
            assert.deepEqual(
              found.map(hits => hits.map(({ id }) => id).join('')),
              threads === 0 ? ['ab', 'b'] : ['ab'],
            )
          }
        })
      }
    },
  )
}

describe('the declaration of a collection', () => {
  test('a call on a table that is declared otherwise does nothing, whenever it is made', async () => {
    await using db = await connect(':memory:')
    await db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
    const other = new AsyncCollection(db, DECLARED)
    const calls = [other.upsert(DOCUMENTS), other.upsert(DOCUMENTS), other.count()]
    await Promise.all(calls.map(async call => refusedLater(call, 'VEC_OPTION', 'lang TEXT')))
    assert.equal(await new AsyncCollection(db, PLACE).count(), 0)
    // The collection works once the table is as it expects.
    await db.exec('DROP TABLE docs')
    assert.equal(await other.count(), 0)
  })

  test('of a file that cannot be written, the table is only compared', async () => {
    const path = join(folder, 'readonly.sqlite')
    {
      await using db = await connect(path)
      await new AsyncCollection(db, DECLARED).upsert(DOCUMENTS)
    }
    await using db = await connect(path, { readonly: true })
    assert.equal(await new AsyncCollection(db, DECLARED).count(), 2)
  })

  test('several connections may create the table at once', { skip: noSharing }, async () => {
    const path = join(folder, 'at-once.sqlite')
    const clients = await Promise.all([1, 2, 3].map(async () => connect(path)))
    const counts = clients.map(async db => new AsyncCollection(db, DECLARED).count())
    assert.deepEqual(await Promise.all(counts), [0, 0, 0])
    await Promise.all(clients.map(async db => db.close()))
  })
})
