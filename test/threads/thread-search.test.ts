import assert from 'node:assert/strict'
import { once } from 'node:events'
import { before } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { threads } from '../../src/accelerators/threads/threads.ts'
import type { Metric } from '../../src/core/metric.ts'
import type { SearchRequest, VectorIndex } from '../../src/index/vector-index.ts'
import { Oracle } from '../indexes/oracle.ts'
import { random } from '../indexes/random.ts'
import { seededTest } from '../seed.ts'
import { foundBy, sharedIndex, startThreads, terminated, turnsOfOthers } from './pool.ts'

const test = seededTest('INDEX_SEED')
const METRICS: readonly Metric[] = ['cosine', 'euclidean', 'dot', 'manhattan']
const ROWS = 30_000
const HELPERS = 2
/** A busy machine may give a thread its first turn late. In milliseconds. */
const PATIENCE = 60_000

/** Threads of the pool in the order in which they started. Node tells of them when a program lets go of control. */
const workers: Worker[] = []
process.on('worker', worker => workers.push(worker))

before(async () => startThreads(HELPERS))

/** The same search with threads and without gives the same; how many blocks of rows other threads scanned. */
function compare(index: VectorIndex, request: SearchRequest): number {
  threads.help = 'always'
  const { task } = threads.turns
  const helped = foundBy(index, request)
  const turns = turnsOfOthers(Math.ceil(index.positions / 4096) - 1, task)
  threads.help = 'never'
  assert.deepEqual(helped, foundBy(index, request))
  threads.help = 'always'
  return turns
}

/** Few values a number, so that many rows tie. */
function vectors(stream: number, rows: number, dim: number): Float32Array[] {
  const r = random(stream)
  const vector = (): Float32Array => Float32Array.from({ length: dim }, () => r.below(9) - 4)
  return Array.from({ length: rows }, vector)
}

function bitmap(stream: number, rows: number, share: number): Uint32Array {
  const r = random(stream)
  const words = new Uint32Array(Math.ceil(rows / 32) + 2)
  for (let row = 0; row < rows; row++) if (r.next() < share) words[row >>> 5] |= 1 << (row & 31)
  // What is set for rows that there are not means nothing.
  words.fill(0xffffffff, Math.ceil(rows / 32))
  return words
}

for (const metric of METRICS) {
  for (const dim of [12, 100]) {
    test(`threads find what one thread finds, ties included: ${metric}, ${dim} dimensions`, () => {
      const oracle = new Oracle(sharedIndex(metric, dim), vectors(1, ROWS, dim))
      const { index } = oracle
      const r = random(2)
      let helped = 0
      const end = performance.now() + PATIENCE
      for (let round = 0; round < 40 || (helped === 0 && performance.now() < end); round++) {
        const query = oracle.rows[r.below(ROWS)].map(value => value + r.below(2))
        if (!query.some(value => value !== 0)) continue
        const k = [1, 10, 100, 1024, 1025, ROWS][r.below(6)]
        const [, best] = oracle.best({ query, k: 5 })[4]
        const request: SearchRequest = {
          query,
          k,
          allowed:
            round % 3 === 0 ? bitmap(round, ROWS, [0.5, 0.02, 0.0005][r.below(3)]) : undefined,
          minSimilarity: round % 4 === 1 ? best : undefined,
          maxSimilarity: round % 4 >= 2 ? best : undefined,
        }
        helped += compare(index, request)
        if (round % 8 === 0) oracle.check(request)
        if (round >= 40) continue
        for (let i = 0; i < 50; i++) {
          const position = r.below(ROWS)
          if (index.isLive(position)) oracle.remove(position)
        }
      }
      assert.ok(helped > 0, 'no thread has helped')
      index.dispose()
    })
  }
}

test('threads see rows that were added after they began to help, in memory that has grown', () => {
  const dim = 64
  const oracle = new Oracle(sharedIndex('euclidean', dim, 10_000), vectors(3, 10_000, dim))
  const { index } = oracle
  const query = oracle.rows[77]
  compare(index, { query, k: 10 })
  const { bytes } = index
  oracle.append(vectors(4, 90_000, dim))
  assert.ok(index.bytes > 2 * bytes)
  let helped = 0
  const end = performance.now() + PATIENCE
  for (let round = 0; helped === 0 && performance.now() < end; round++) {
    helped += compare(index, { query: oracle.rows[99_999 - (round % 1000)], k: 10 })
  }
  assert.ok(helped > 0, 'no thread has helped')
  oracle.check({ query: oracle.rows[99_000], k: 10 })
  index.dispose()
})

test('indexes that are searched by turns do not mix, and one that is gone is missed by nothing', () => {
  const dims = [20, 33, 100]
  const oracles = dims.map(
    (dim, i) => new Oracle(sharedIndex(METRICS[i], dim), vectors(5 + i, 20_000, dim)),
  )
  for (let round = 0; round < 30; round++) {
    for (const { index, rows } of oracles) compare(index, { query: rows[round], k: 7 })
    if (round === 10) oracles.shift()!.index.dispose()
  }
  for (const { index } of oracles) index.dispose()
})

test('a search ends, and is right, while its threads are terminated', async () => {
  const dim = 64
  const oracle = new Oracle(sharedIndex('cosine', dim), vectors(9, 30_000, dim))
  const { index } = oracle
  const queries = oracle.rows.slice(0, 24)
  const expected = queries.map(query => oracle.best({ query, k: 10 }).map(([position]) => position))
  for (let round = 0; round < 2; round++) {
    await startThreads(HELPERS)
    const ends = terminated(workers)
    // They stop somewhere in here: this thread does not let go of control before all is done.
    for (const [i, query] of queries.entries()) {
      const { count, positions } = index.search({ query, k: 10 })
      const found = new Set(positions.subarray(0, count))
      assert.ok(expected[i].every(position => found.has(position)))
    }
    await Promise.all(ends)
    assert.equal(threads.running, 0)
    // These start other threads, which may help before all are done. Those that have ended do not.
    for (const query of queries.slice(0, 5)) {
      const turns = compare(index, { query, k: 10 })
      assert.ok(turns === 0 || threads.running > 0, `${turns} turns of threads that have ended`)
    }
  }
  index.dispose()
})

test('a search ends, and is right, when a thread takes blocks and never hands them in', async t => {
  threads.size = HELPERS + 1
  const dim = 64
  const oracle = new Oracle(sharedIndex('dot', dim), vectors(10, 60_000, dim))
  const { index } = oracle
  const taken = new Int32Array(new SharedArrayBuffer(4))
  const thief = new Worker(
    `import { workerData } from 'node:worker_threads'
     import { Turns } from '${new URL('../../src/accelerators/threads/turns.js', import.meta.url).href}'
     const turns = new Turns(workerData.buffer)
     for (;;) if (turns.take(turns.task) >= 0) Atomics.add(workerData.taken, 0, 1)`,
    {
      eval: true,
      workerData: { buffer: threads.turns.buffer, taken },
      execArgv: ['--input-type=module'],
    },
  )
  // Otherwise it would run on after a failure.
  t.after(async () => thief.terminate())
  await once(thief, 'online')
  for (let round = 0; Atomics.load(taken, 0) < 50; round++) {
    assert.ok(round < 5000, `${taken[0]} blocks were taken`)
    compare(index, { query: oracle.rows[round % 1000], k: 10 })
  }
  oracle.check({ query: oracle.rows[0], k: 10 })
  index.dispose()
})

test('a thread does not get the number of one that may still run', async () => {
  await startThreads(HELPERS)
  const index = sharedIndex('dot', 64)
  for (const vector of vectors(12, 10_000, 64)) index.add(vector)
  const query = Float32Array.from({ length: 64 }, () => 1)
  workers.length = 0
  threads.size = 1
  threads.size = HELPERS + 1
  compare(index, { query, k: 3 })
  await setImmediate()
  assert.equal(workers.length, 0, 'they share scratch space')
  await startThreads(HELPERS)
  index.dispose()
})

test('threads that end again and again are not replaced for ever', async () => {
  threads.size = 1
  threads.size = HELPERS + 1
  await setImmediate()
  workers.length = 0
  const index = sharedIndex('dot', 64)
  for (const vector of vectors(11, 10_000, 64)) index.add(vector)
  const query = Float32Array.from({ length: 64 }, () => 1)
  let ended = 0
  for (let round = 0; round < 10; round++) {
    compare(index, { query, k: 3 })
    await setImmediate()
    for (const worker of workers.splice(0)) {
      await worker.terminate()
      ended++
    }
  }
  assert.ok(ended >= 3 && ended <= 5, `${ended} have ended`)
  assert.equal(threads.running, 0)
  threads.size = HELPERS + 1
  compare(index, { query, k: 3 })
  await setImmediate()
  assert.equal(workers.length, HELPERS, 'who sets the size wants threads again')
  index.dispose()
})

test('threads let go of the memory of indexes that are disposed', async () => {
  threads.size = HELPERS + 1
  const dim = 128
  const rows = new Float32Array(dim * 50_000).fill(1)
  const grown: number[] = []
  for (let round = 0; round < 40; round++) {
    const index = sharedIndex('euclidean', dim, 50_000)
    index.add(rows)
    for (let search = 0; search < 3; search++) index.search({ query: rows.subarray(0, dim), k: 3 })
    grown.push(process.memoryUsage().rss)
    index.dispose()
    await setImmediate()
  }
  // 30 indexes have 210 MB.
  const more = (grown[39] - grown[9]) / 1e6
  assert.ok(more < 120, `${more} MB more after 30 indexes`)
})
