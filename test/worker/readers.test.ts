import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { lockSupport } from '../../src/entries/engine.ts'
import { connect, type AsyncDatabase } from '../../src/entries/worker.ts'
import { refusedLater } from '../refusal.ts'

const { kind } = await lockSupport()
const noSharing = kind === 'ofd' ? false : 'without byte-range locks, one connection has the file'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'readers-'))
})
after(() => rmSync(folder, { recursive: true }))

const SLOW = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500000) SELECT count(*) FROM n`

let files = 0

async function opened(mode: string, threads: number): Promise<AsyncDatabase> {
  const db = await connect(join(folder, `${++files}.sqlite`), { threads })
  await db.exec(`PRAGMA journal_mode = ${mode}; CREATE VIRTUAL TABLE docs USING vec(doc_id)`)
  return db
}

describe('readers', { skip: noSharing }, () => {
  for (const mode of ['WAL', 'DELETE']) {
    test(`a read that is made after a write was answered sees it: ${mode}`, async () => {
      await using db = await opened(mode, 2)
      const insert = 'INSERT INTO docs(dataset_id, doc_id, embedding) VALUES (?, ?, ?)'
      for (let i = 1; i <= 60; i++) {
        const vector = Float32Array.of(i, 60 - i)
        await db.run(insert, ['d', `n${i}`, vector])
        const searches = [1, 2, 3].map(async () =>
          db.search('docs', { dataset: 'd', vector, k: 1 }),
        )
        const counts = [1, 2, 3].map(async () => db.get('SELECT count(*) AS n FROM _vec_docs'))
        for (const { hits } of await Promise.all(searches)) assert.equal(hits[0].id, `n${i}`)
        assert.deepEqual(await Promise.all(counts), [{ n: i }, { n: i }, { n: i }])
      }
    })
  }

  test('in WAL mode neither a reader waits for the writer, nor the writer for readers', async () => {
    await using db = await opened('WAL', 1)
    await db.exec('CREATE TABLE t(x)')
    const endless = SLOW.replace('LIMIT 500000', '')
    const stopRead = new AbortController()
    const stopWrite = new AbortController()
    // Each of them holds its snapshot or its lock until it is stopped.
    const read = db.get(`SELECT count(*) FROM t, (${endless})`, [], { signal: stopRead.signal })
    await db.run('INSERT INTO t VALUES (1)')
    stopRead.abort(new Error('stopped'))
    await assert.rejects(read, /stopped/)
    const write = db.run(`INSERT INTO t ${endless.replace('count(*)', 'i')}`, [], { signal: stopWrite.signal }) // prettier-ignore
    assert.deepEqual(await db.all('SELECT x FROM t'), [{ x: 1 }])
    stopWrite.abort(new Error('stopped'))
    await assert.rejects(write, /stopped/)
    assert.deepEqual(await db.all('SELECT x FROM t'), [{ x: 1 }])
  })

  test('a worker that exits rejects what all the others were asked', async () => {
    const own = new URL('./own-worker.js', import.meta.url)
    const path = join(folder, 'exit.sqlite')
    const db = await connect(path, { threads: 2, worker: () => new Worker(own) })
    const endless = SLOW.replace('LIMIT 500000', '')
    const calls = [db.get(endless), db.exec(endless), db.get('SELECT leave(3)'), db.get('SELECT 1')]
    // Nothing but these calls, and then close(), keeps this process alive.
    await Promise.all(calls.map(async call => refusedLater(call, 'VEC_WORKER', 'code 3')))
    await db.close()
  })

  test('a worker that cannot be started ends those that were', async () => {
    const own = new URL('./own-worker.js', import.meta.url)
    const ends: Promise<unknown>[] = []
    const connected = connect(join(folder, 'start.sqlite'), {
      threads: 2,
      worker: () => {
        if (ends.length === 2) throw new Error('no third one')
        const worker = new Worker(own)
        ends.push(once(worker, 'exit'))
        return worker
      },
    })
    await assert.rejects(connected, { message: 'no third one' })
    await Promise.all(ends)
  })

  test('reads run beside each other, and what may write goes to the writer', async () => {
    await using db = await opened('WAL', 2)
    await db.exec('CREATE TABLE t(x)')
    const order: string[] = []
    const ends = async (name: string, call: Promise<unknown>): Promise<void> => {
      await call
      order.push(name)
    }
    await Promise.all([
      ends('slow', db.get(`SELECT (${SLOW})`)),
      ...[1, 2, 3].map(async () => ends('fast', db.get('SELECT 1'))),
    ])
    assert.equal(order.at(-1), 'slow')
    for (const sql of [
      'INSERT INTO t VALUES (1) RETURNING x',
      '-- a comment; SELECT\n INSERT INTO t VALUES (1) RETURNING x',
      'WITH a(x) AS (VALUES (1)) INSERT INTO t SELECT x FROM a RETURNING x',
      'PRAGMA user_version',
    ])
      assert.equal((await db.all(sql)).length, 1, sql)
    for (const sql of [
      'SELECT count(*) AS n FROM t',
      ' /* a */ WITH a AS (SELECT * FROM t) SELECT count(*) AS n FROM a',
      'VALUES (3)',
    ])
      assert.deepEqual(Object.values((await db.get(sql))!), [3], sql)
  })

  test('a reader that is interrupted goes on to answer', async () => {
    await using db = await opened('WAL', 2)
    const endless = `SELECT (${SLOW.replace('LIMIT 500000', '')})`
    const calls = [db.get(endless), db.get(endless)]
    setTimeout(() => {
      db.interrupt()
    }, 200)
    await Promise.all(calls.map(async call => refusedLater(call, 'SQLITE_INTERRUPT')))
    assert.deepEqual(await Promise.all([db.get('SELECT 1 AS x'), db.get('SELECT 2 AS x')]), [
      { x: 1 },
      { x: 2 },
    ])
  })

  test('a database in memory takes no readers', async () => {
    for (const path of [':memory:', '', 'file:a?vfs=memory', new Uint8Array(0)])
      await refusedLater(connect(path, { threads: 1 }), 'TypeError', 'threads', 'memory')
  })
})
