import assert from 'node:assert/strict'
import { before } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { threads } from '../../src/accelerators/threads/threads.ts'
import {
  arenaForThreads,
  batchFor,
  Centroids,
} from '../../src/index/kinds/exact/clusters/centroids.ts'
import { clusterSpaceOf } from '../../src/index/kinds/exact/clusters/cluster-space.ts'
import { Comparer } from '../../src/index/kinds/exact/clusters/comparer.ts'
import { assignerOf } from '../../src/index/kinds/exact/clusters/grouped-centroids.ts'
import { kMeans } from '../../src/index/kinds/exact/clusters/k-means.ts'
import { MOST_COMPARISONS } from '../../src/index/kinds/exact/threads/scan-task.ts'
import { random } from '../indexes/random.ts'
import { seededTest } from '../seed.ts'
import { startThreads, terminated, turnsOfOthers } from './pool.ts'

const test = seededTest('INDEX_SEED')
const METRICS = ['cosine', 'euclidean', 'dot'] as const
const HELPERS = 2
/** A busy machine may give a thread its first turn late. In milliseconds. */
const PATIENCE = 60_000

const workers: Worker[] = []
process.on('worker', worker => workers.push(worker))

before(async () => startThreads(HELPERS))

function ran<R>(steps: Generator<void, R>): R {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

function vectors(stream: number, rows: number, dim: number): Float32Array {
  const r = random(stream)
  const values = new Float32Array(rows * dim)
  for (let i = 0; i < rows; i++) {
    const vector = r.vector(dim, 1)
    const length = Math.hypot(...vector)
    values.set(
      vector.map(v => v / length),
      i * dim,
    )
  }
  return values
}

function centroidsOf(
  metric: (typeof METRICS)[number],
  values: Float32Array,
  dim: number,
): Centroids {
  const centroids = new Centroids(clusterSpaceOf(metric)!, dim, values.length / dim)
  centroids.values.set(values)
  centroids.changed()
  return centroids
}

for (const metric of METRICS) {
  test(`threads find the same clusters as one thread, to the bit: ${metric}`, () => {
    const dim = 24
    const count = 6000
    const rows = vectors(1, count, dim)
    const found = (help: typeof threads.help): unknown => {
      threads.help = help
      const centroids = ran(kMeans(clusterSpaceOf(metric)!, { rows, count }, dim, 300))
      const assigner = ran(assignerOf(centroids))
      assert.notEqual(assigner, centroids)
      const nearest = new Uint32Array(count)
      assigner.assign(rows, count, nearest)
      const { shrink, spread, values } = centroids
      return { shrink, spread, nearest, values: values.slice() }
    }
    const alone = found('never')
    for (let round = 0; round < 3; round++) assert.deepEqual(found('always'), alone)
  })

  test(`threads help to compare rows with centroids, and the nearest are found: ${metric}`, () => {
    const dim = 33
    const count = 301
    const own = vectors(2, count, dim)
    const centroids = centroidsOf(metric, own, dim)
    const size = centroids.batch
    const rows = vectors(3, size, dim)
    const deadline = performance.now() + PATIENCE
    threads.help = 'always'
    for (let helped = 0; helped === 0;) {
      const { task } = threads.turns
      const nearest = new Uint32Array(size)
      const dots = new Float64Array(size)
      centroids.assign(rows, size, nearest, dots)
      helped = turnsOfOthers(8, task)
      for (let row = 0; row < size; row += 7) {
        const exact = Array.from({ length: count }, (_, i) => {
          let dot = 0
          let square = 0
          for (let j = 0; j < dim; j++) {
            dot += rows[row * dim + j] * own[i * dim + j]
            square += own[i * dim + j] ** 2
          }
          return { dot, value: dot - (metric === 'cosine' ? 0 : square / 2) }
        })
        const best = Math.max(...exact.map(({ value }) => value))
        const { dot, value } = exact[nearest[row]]
        assert.ok(value >= best - 1e-5, `row ${row}: ${value}, and the nearest has ${best}`)
        assert.ok(Math.abs(dots[row] - dot) < 1e-5, `row ${row}: ${dots[row]}, not ${dot}`)
      }
      assert.ok(helped > 0 || performance.now() < deadline, 'no thread has helped')
    }
  })
}

test('more comparisons than a task describes are made by one thread', () => {
  threads.help = 'always'
  const dim = 8
  const count = 5
  const rows = MOST_COMPARISONS + 1
  const arena = arenaForThreads()
  const values = arena.allocate((rows + count) * dim * 4)
  arena.f32.set(vectors(4, rows + count, dim), values.address / 4)
  const offsets = arena.allocate(count * 8)
  arena.f64.fill(0, offsets.address / 8, offsets.address / 8 + count)
  const comparer = new Comparer(arena, dim, batchFor(dim), count)
  const place = { centroids: values.address + rows * dim * 4, offsets: offsets.address, count }
  const runs = (most: number): Uint32Array =>
    comparer
      .run(
        Array.from({ length: most }, (_, i) => {
          const vectorsAt = values.address + i * dim * 4
          return { ...place, vectors: vectorsAt, rows: 1 }
        }),
      )
      .nearest.slice(0, most)
  const { task } = threads.turns
  const all = runs(rows)
  assert.equal(threads.turns.task, task)
  const most = runs(MOST_COMPARISONS)
  assert.notEqual(threads.turns.task, task)
  assert.deepEqual(most, all.slice(0, MOST_COMPARISONS))
  assert.ok(new Set(all).size === count)
})

test('rows are compared, and rightly, while threads are terminated', async () => {
  const dim = 40
  const centroids = centroidsOf('euclidean', vectors(5, 400, dim), dim)
  const size = centroids.batch
  const rows = vectors(6, size, dim)
  const nearest = (): Uint32Array => {
    const to = new Uint32Array(size)
    centroids.assign(rows, size, to)
    return to
  }
  threads.help = 'never'
  const expected = nearest()
  for (let round = 0; round < 2; round++) {
    await startThreads(HELPERS)
    const ends = terminated(workers)
    for (let i = 0; i < 24; i++) assert.deepEqual(nearest(), expected)
    await Promise.all(ends)
    await setImmediate()
    assert.deepEqual(nearest(), expected)
  }
})
