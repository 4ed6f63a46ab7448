import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { lockSupport } from '../../src/entries/engine.ts'
import { insertMany, open } from '../../src/entries/main.ts'
import { connect, type AsyncDatabase } from '../../src/entries/worker.ts'
import { Dice } from '../dice.ts'
import { refusedLater } from '../refusal.ts'
import { seededTest } from '../seed.ts'
import { nearest, VectorModel, type Rows } from './vector-model.ts'

const support = await lockSupport()
const skip =
  support.kind === 'ofd' ? false : 'without byte-range locks, one connection has the file'
const test = seededTest('SHARING_SEED')

const SHARING_WORKER = new URL('../unit/search/sharing-worker.js', import.meta.url)
const DIM = 32
/** Enough that their codes have a memory of their own. */
const ROWS = 24_000
const K = 8
const COLUMNS = ['dataset_id', 'id', 'embedding']
const SEARCH = `SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH ? AND k = ${K}`
const PUT = `INSERT OR REPLACE INTO docs(dataset_id, doc_id, embedding) VALUES ('d', ?, ?)`
const DELETE = `DELETE FROM docs WHERE dataset_id = 'd' AND doc_id = ?`

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sharing-'))
})
after(() => rmSync(folder, { recursive: true }))

describe('readers share an index', { skip }, () => {
  for (const mode of ['WAL', 'DELETE']) {
    test(`and each sees the rows of its own transaction: ${mode}`, async (_, seed) => {
      const path = join(folder, `${mode}.sqlite`)
      const scene = new Scene(seed)
      await scene.load(path, mode)
      const workers: Worker[] = []
      const db = await connected(path, workers)
      const kinds = new Set<unknown>()
      const kind = async (): Promise<unknown> => db.get('SELECT sharing()', [], { rows: 'values' })
      for (let round = 0; round < 12; round++) {
        await scene.round(db, path)
        // In the end each may lend its own copy.
        for (const each of await Promise.all([kind(), kind(), kind()])) kinds.add(each)
      }
      assert.ok(kinds.has('borrows'), [...kinds].join())
      // A reader that ends in the middle of a search ends the client, and nothing else.
      const ended = [1, 2, 3, 4].map(async () => db.all(SEARCH, [scene.query()]))
      // An answer that is still on its way lets the process end before the worker has.
      const alive = setInterval(() => undefined, 1000)
      await Promise.all([workers.at(-1)!.terminate(), Promise.allSettled(ended)])
      clearInterval(alive)
      await refusedLater(db.all(SEARCH, [scene.query()]), 'VEC_WORKER')
      await db.close()
      await using again = await connect(path, { threads: 2, sharedIndexes: true })
      await Promise.all([1, 2, 3].map(async () => scene.search(again)))
    })
  }

  test('and the writer saves it when it is asked to, and builds it again', async (_, seed) => {
    const path = join(folder, 'commands.sqlite')
    const scene = new Scene(seed)
    await scene.load(path, 'WAL')
    await using db = await connected(path, [])
    const run = async (command: string): Promise<unknown> => {
      await db.run('INSERT INTO docs(docs, dataset_id) VALUES (?, ?)', [command, 'd'])
      await db.run(SEARCH, [scene.query()])
      const saved = '(SELECT count(*) FROM vector_storage) AS saved'
      return (await db.transaction([`SELECT sharing() AS sharing, ${saved}`]))[0]
    }
    await scene.search(db)
    assert.deepEqual(await run('optimize'), [{ sharing: 'borrows', saved: 1 }])
    assert.deepEqual(await run('rebuild'), [{ sharing: 'lends', saved: 1 }])
    await scene.search(db)
  })

  test('but none that is newer than its transaction', async (_, seed) => {
    const path = join(folder, 'older.sqlite')
    const gate = join(folder, 'gate')
    const scene = new Scene(seed)
    await scene.load(path, 'WAL')
    await using db = await connected(path, [], 2)
    const query = scene.query()
    // Its transaction begins before the gate, and the search after it.
    const older = db.all<string>(
      `WITH g AS MATERIALIZED (SELECT count(*) + gated(?) AS n FROM _vec_docs)
       SELECT doc_id FROM g CROSS JOIN docs WHERE n > 0 AND dataset_id = 'd' AND doc_id MATCH ? AND k = ${K}`,
      [gate, query],
      { rows: 'values' },
    )
    while (!existsSync(`${gate}-in`)) await sleep(2)
    await db.run(DELETE, [scene.nearest(query)])
    await db.run(PUT, ['late', query])
    assert.equal((await db.all<string>(SEARCH, [query], { rows: 'values' }))[0], 'late')
    assert.equal(await db.get('SELECT sharing()', [], { rows: 'values' }), 'lends')
    writeFileSync(gate, '')
    scene.check(await older, query)
  })

  for (const [readers, shared] of [
    [1, true],
    [3, false],
  ] as const) {
    test(`but ${readers} with sharedIndexes ${shared} keep their own`, async (_, seed) => {
      const path = join(folder, `own-${readers}.sqlite`)
      const scene = new Scene(seed)
      await scene.load(path, 'WAL')
      await using db = await connected(path, [], readers, shared)
      await Promise.all(Array.from({ length: readers }, async () => scene.search(db)))
      assert.equal(await db.get('SELECT sharing()', [], { rows: 'values' }), 'none')
    })
  }
})

/** A client with so many readers, and the threads that it starts. */
async function connected(
  path: string,
  workers: Worker[],
  threads = 3,
  sharedIndexes = true,
): Promise<AsyncDatabase> {
  const worker = (): Worker => {
    workers.push(new Worker(SHARING_WORKER))
    return workers.at(-1)!
  }
  return connect(path, { threads, sharedIndexes, worker })
}

/** A table that is changed while readers search it, and a model of it. */
class Scene {
  readonly #dice: Dice
  readonly #model = new VectorModel()
  #ids = 0
  #last: Float32Array

  constructor(seed: number) {
    this.#dice = new Dice(seed)
    this.#last = this.#vector()
  }

  async load(path: string, mode: string): Promise<void> {
    using db = await open(path)
    db.pragma(`journal_mode = ${mode}`)
    db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=euclidean)')
    const rows = this.#newRows(ROWS)
    insertMany(db, '_vec_docs', COLUMNS, [...rows].map(([id, vector]) => ['d', id, vector])) // prettier-ignore
    this.#model.enter(rows)
  }

  /** Searches beside one write, and a search after it. */
  async round(db: AsyncDatabase, path: string): Promise<void> {
    const dice = this.#dice
    const searches = [1, 2, 3].map(async () => this.search(db))
    const write = this.#write(db, path, dice.below(10))
    const beside = [1, 2, 3].map(async () => this.search(db))
    await Promise.all([...searches, ...beside, write])
    await Promise.all([1, 2, 3].map(async () => this.search(db)))
  }

  async search(db: AsyncDatabase): Promise<void> {
    // A write that is not answered may be committed or not.
    const from = Math.max(0, this.#model.version - this.#pending)
    const query = this.query()
    const found = await db.all<string>(SEARCH, [query], { rows: 'values' })
    this.#model.check(found, query, from)
  }

  nearest(query: Float32Array): string {
    return nearest(this.#model.now, query, 1)[0]
  }

  /** Fails unless these are the nearest rows of the model. */
  check(found: readonly string[], query: Float32Array): void {
    this.#model.check(found, query, this.#model.version)
  }

  /** Mostly near the last change: an answer that lacks it is then wrong. */
  query(): Float32Array {
    return this.#dice.chance(0.8) ? this.#near(this.#last) : this.#vector()
  }

  /** Whether the last state may not be committed yet. */
  #pending = 0

  async #write(db: AsyncDatabase, path: string, kind: number): Promise<void> {
    const next = new Map(this.#model.now)
    const write = this.#change(next, db, path, kind)
    this.#model.enter(next)
    this.#pending++
    await write()
    this.#pending--
  }

  /** Changes the model, and returns what makes the same change. */
  #change(next: Rows, db: AsyncDatabase, path: string, kind: number): () => Promise<unknown> {
    const dice = this.#dice
    if (kind < 3) {
      const many = this.#newRows(kind === 0 ? 1 + dice.below(5000) : 1 + dice.below(5))
      for (const [id, vector] of many) next.set(id, vector)
      const rows = [...many].map(([id, vector]) => ['d', id, vector] as const)
      return async () => db.insertMany('_vec_docs', COLUMNS, rows)
    }
    const id = dice.pick([...next.keys()])
    if (kind < 5) {
      this.#last = next.get(id)!
      next.delete(id)
      return async () => db.run(DELETE, [id])
    }
    if (kind < 8) {
      const vector = this.#near(this.#last)
      next.set(id, vector)
      return async () => db.run(PUT, [id, vector])
    }
    if (kind === 8) {
      // Its writes are undone, after searches of its own have seen them.
      const list = [[PUT, ['gone', this.#last]], [SEARCH, [this.#last]], ['SELECT nothing()']] as const // prettier-ignore
      return async () => refusedLater(db.transaction(list), 'SQLITE_ERROR')
    }
    const vector = this.#near(this.#last)
    next.set(id, vector)
    return async () => {
      using other = await open(path, { busyTimeout: 10_000 })
      other.prepare(PUT).run([id, vector])
    }
  }

  #newRows(count: number): Rows {
    const rows: Rows = new Map()
    for (let i = 0; i < count; i++) rows.set(`n${++this.#ids}`, (this.#last = this.#vector()))
    return rows
  }

  #vector(): Float32Array {
    return Float32Array.from({ length: DIM }, () => this.#dice.next() - 0.5)
  }

  #near(vector: Float32Array): Float32Array {
    return vector.map(number => number + (this.#dice.next() - 0.5) / 100)
  }
}
