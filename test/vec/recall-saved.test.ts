import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe } from 'node:test'
import { encodeEmbedding, insertMany, open, type Connection } from '../../src/entries/main.ts'
import { seededTest } from '../seed.ts'
import { Random } from './random.ts'

const test = seededTest('VEC_SEED')

/** Just so many numbers that clusters answer. */
const ROWS = 4400
const DIM = 480

const folder = mkdtempSync(join(tmpdir(), 'svec-recall-'))
after(() => rmSync(folder, { recursive: true }))

/** Rows around 60 centres. */
class Rows {
  readonly #random = new Random(11)
  readonly #centres = Array.from({ length: 60 }, () => this.#vector(1))

  next(): Uint8Array {
    const centre = this.#centres[Math.floor(60 * this.#random.next())]
    return encodeEmbedding(this.#vector(0.7).map((v, i) => v + centre[i]))
  }

  #vector(size: number): number[] {
    const r = this.#random
    return Array.from({ length: DIM }, () => size * (r.next() + r.next() + r.next() - 1.5))
  }
}

const NEAREST = `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ?
  AND recall = ? ORDER BY match_score DESC LIMIT 10`

function nearest(db: Connection, query: Uint8Array, recall = 0.95): string[] {
  return db.prepare(NEAREST).pluck().all(query, recall) as string[]
}

function said(db: Connection, op: string): string {
  return db
    .prepare('SELECT op FROM vec_admin WHERE op MATCH ?')
    .pluck()
    .all(`${op}:docs:a`)
    .join('\n')
}

/** A file with an index, and with clusters if that is an option of the table; closed. */
async function savedFile(drawn: Rows, name: string, options = ', recall=0.95'): Promise<string> {
  const path = join(folder, name)
  const db = await open(path)
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id${options})`)
  const rows = Array.from({ length: ROWS }, (_, i) => ['a', `d${i}`, drawn.next()])
  insertMany(db, '_vec_docs', ['dataset_id', 'id', 'embedding'], rows)
  said(db, 'optimize')
  db.close()
  return path
}

/** Waits until clusters answer. */
async function untilReady(db: Connection, query: Uint8Array): Promise<void> {
  for (let waits = 0; !/clusters: \d+ of/.test(said(db, 'explain')); waits++) {
    assert.ok(waits < 3000, 'clusters are not made')
    nearest(db, query)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** The share of exact answers that is found, over 30 queries. */
function recallOf(db: Connection, drawn: Rows): number {
  let found = 0
  for (let i = 0; i < 30; i++) {
    const query = drawn.next()
    const exact = new Set(nearest(db, query, 1))
    found += nearest(db, query).filter(id => exact.has(id)).length
  }
  return found / 300
}

const SAVED = `SELECT count(*) FROM vector_storage_chunks WHERE section LIKE 'clusters.%'`

describe('clusters that are saved', () => {
  test('they answer in the next process, with what was calibrated, and follow its writes', async () => {
    const drawn = new Rows()
    const path = await savedFile(drawn, 'next.sqlite')
    using db = await open(path)
    const query = drawn.next()
    assert.ok(Number(db.prepare(SAVED).pluck().get()) >= 4)
    db.exec(`INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'new', x'${hex(query)}')`)
    db.exec("DELETE FROM docs WHERE dataset_id = 'a' AND doc_id = 'd7'")
    assert.equal(nearest(db, query)[0], 'new')
    await untilReady(db, query)
    assert.equal(nearest(db, query)[0], 'new')
    assert.match(said(db, 'explain'), /clusters: \d+ of 4400 rows/)
    assert.match(said(db, 'explain'), /recall 0\.95 of the nearest 10 is promised/)
    assert.ok(recallOf(db, drawn) >= 0.9)
    assert.match(said(db, 'check'), /the saved index is intact/)
  })

  test('damaged ones are found by check, and answers stay right', async () => {
    const drawn = new Rows()
    const path = await savedFile(drawn, 'damaged.sqlite')
    for (const section of ['head', 'centres', 'rows', 'trials']) {
      using db = await open(path)
      db.exec(`UPDATE vector_storage_chunks SET data = zeroblob(length(data))
        WHERE section = 'clusters.${section}' AND chunk = 0`)
      assert.match(said(db, 'check'), new RegExp(`clusters\\.${section}`))
      const query = drawn.next()
      assert.deepEqual(nearest(db, query), nearest(db, query, 1))
      await untilReady(db, query)
      assert.ok(recallOf(db, drawn) >= 0.9)
      said(db, 'optimize')
      assert.doesNotMatch(said(db, 'check'), /clusters/)
    }
  })

  test('a file without them gets them in the background, and keeps them', async () => {
    const drawn = new Rows()
    // A search without recall makes no clusters. Files of versions that did not save them are the same.
    const path = await savedFile(drawn, 'older.sqlite', '')
    {
      using db = await open(path)
      assert.equal(db.prepare(SAVED).pluck().get(), 0)
      const query = drawn.next()
      assert.deepEqual(nearest(db, query), nearest(db, query, 1))
      await untilReady(db, query)
    }
    using db = await open(path)
    assert.ok(Number(db.prepare(SAVED).pluck().get()) >= 4)
  })
})

describe('clusters that are made in the background', () => {
  test('searches are exact until then, and rows may change meanwhile', async () => {
    const drawn = new Rows()
    using db = await open(':memory:')
    db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
    const rows = Array.from({ length: ROWS }, (_, i) => ['a', `d${i}`, drawn.next()])
    insertMany(db, '_vec_docs', ['dataset_id', 'id', 'embedding'], rows)
    const write = db.prepare(
      "INSERT OR REPLACE INTO docs(dataset_id, doc_id, embedding) VALUES ('a', ?, ?)",
    )
    let searches = 0
    // Without a turn of the event loop: each search does a part.
    for (; !/clusters: \d+ of/.test(said(db, 'explain')); searches++) {
      const query = drawn.next()
      assert.deepEqual(nearest(db, query), nearest(db, query, 1))
      write.run(`d${searches % 200}`, drawn.next())
      if (searches % 3 === 0) write.run(`n${searches % 100}`, drawn.next())
    }
    assert.ok(searches > 3)
    const query = drawn.next()
    await untilReady(db, query)
    assert.ok(recallOf(db, drawn) >= 0.9)
    write.run('d0', query)
    assert.equal(nearest(db, query)[0], 'd0')
  })

  test('new ones take the place of those that many changes have outgrown', async () => {
    const drawn = new Rows()
    const path = await savedFile(drawn, 'outgrown.sqlite')
    using db = await open(path)
    const query = drawn.next()
    await untilReady(db, query)
    const write = db.prepare(
      "INSERT OR REPLACE INTO docs(dataset_id, doc_id, embedding) VALUES ('a', ?, ?)",
    )
    const before = /clusters: (\d+) of/.exec(said(db, 'explain'))![1]
    // More at once, and the index itself is made again.
    for (let i = 0; i < 1400; i += 700) {
      db.exec('BEGIN')
      for (let j = i; j < i + 700; j++) write.run(`m${j}`, drawn.next())
      db.exec('COMMIT')
      assert.ok(recallOf(db, drawn) >= 0.9)
      assert.match(said(db, 'explain'), /clusters: \d+ of/)
    }
    for (let waits = 0; waits < 3000; waits++) {
      nearest(db, query)
      if (!said(db, 'explain').includes(`clusters: ${before} of`)) break
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    assert.match(said(db, 'explain'), /clusters: \d+ of 5800 rows/)
    assert.ok(recallOf(db, drawn) >= 0.9)
  })
})

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
