import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Metric } from '../../src/entries/main.ts'
import { RowClusters } from '../../src/index/kinds/exact/clusters/row-clusters.ts'
import { createExactIndex } from '../../src/index/kinds/exact/exact-index.ts'
import type { SearchRequest, VectorIndex } from '../../src/index/vector-index.ts'
import { seededTest } from '../seed.ts'
import { EVERYTHING, SMALL_RULE, sourceOf } from './clustered-index.ts'
import { Oracle } from './oracle.ts'
import { random, type Random } from './random.ts'

const test = seededTest('INDEX_SEED')

const DIM = 24

/** Rows around 60 centres, more around the first ones than around the last. */
function grouped(r: Random, count: number): Float32Array[] {
  const centres = Array.from({ length: 60 }, () => r.vector(DIM))
  return Array.from({ length: count }, () => {
    const centre = centres[Math.floor(60 * r.next() ** 2)]
    return r.vector(DIM, 0.7).map((v, i) => v + centre[i])
  })
}

/** An index with clusters, and all that it should hold. */
interface Scene {
  readonly oracle: Oracle
  readonly clusters: RowClusters
}

function sceneOf(metric: Metric, rows: readonly Float32Array[]): Scene {
  const index = createExactIndex({ metric, dim: DIM, keepsVectors: false })
  const oracle = new Oracle(index, rows)
  index.complete?.()
  const clusters = RowClusters.of(index, source(oracle, index), SMALL_RULE)
  return { oracle, clusters }
}

function source(oracle: Oracle, index: VectorIndex): ReturnType<typeof sourceOf> {
  return sourceOf(index, position => oracle.rows[position])
}

/** The similarities of all rows that a search may return. */
function similarities({ oracle }: Scene, request: SearchRequest): Map<number, number> {
  return new Map(oracle.found(request))
}

/** The share of the k best rows that a search with a promise finds; undefined: it has to be exact. */
function recallOf(
  { oracle, clusters }: Scene,
  recall: number,
  request: SearchRequest,
  all: ReadonlyMap<number, number>,
): number | undefined {
  const promised = clusters.promise(recall, request, () => source(oracle, oracle.index))
  const found = promised && clusters.search(request, promised)
  if (!found) return undefined
  const best = [...all.values()].slice(0, request.k)
  const positions = [...found.positions.subarray(0, found.count)]
  assert.equal(new Set(positions).size, positions.length, 'a position twice')
  for (const [i, position] of positions.entries()) {
    const similarity = all.get(position)
    assert.ok(similarity !== undefined, `${position} may not be found`)
    assert.ok(similarity <= found.upper[i], `${position} is above its bound`)
  }
  assert.ok(positions.length >= best.length, 'fewer rows than there are')
  const near = positions.filter(position => all.get(position)! >= best.at(-1)!).length
  return Math.min(1, near / best.length)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

for (const metric of ['cosine', 'euclidean', 'dot'] as const) {
  describe(metric, () => {
    test('a promise is kept for queries like the rows, and visits a part of them', () => {
      const rows = grouped(random(1), 4150)
      const scene = sceneOf(metric, rows.slice(0, 4000))
      const requests = rows.slice(4000).map(query => ({ query, k: 10 }))
      const all = requests.map(request => similarities(scene, request))
      for (const recall of [0.9, 0.95, 0.99]) {
        const recalls = requests.map((request, i) => recallOf(scene, recall, request, all[i]) ?? 1)
        // So few queries say little: what is far below the promise is not chance.
        assert.ok(mean(recalls) >= recall - 0.04, `${recall} is promised, ${mean(recalls)} found`)
      }
      const { clusters, oracle } = scene
      const promised = clusters.promise(0.9, { k: 10 }, () => source(oracle, oracle.index))
      assert.ok(promised && promised.visited < 0.6 * oracle.rows.length)
      assert.ok(promised.measured >= 0.9)
      clusters.dispose()
    })

    test('a query beyond either limit is left to an exact search', () => {
      const rows = grouped(random(3), 1501)
      const { clusters } = sceneOf(metric, rows.slice(0, 1500))
      const request = { query: rows[1500], k: 10 }
      const within = (limits: Partial<typeof EVERYTHING.limits>): boolean =>
        clusters.search(request, {
          ...EVERYTHING,
          limits: { ...EVERYTHING.limits, nearest: -Infinity, least: -Infinity, ...limits },
        }) !== undefined
      assert.ok(within({}))
      assert.ok(!within({ nearest: Infinity }), 'its nearest centroid is too far')
      assert.ok(!within({ least: Infinity }), 'its k-th row is too far')
      clusters.dispose()
    })

    test('all clusters together find what brute force finds, whatever comes and goes', () => {
      const r = random(2)
      const rows = grouped(r, 2600)
      const { oracle, clusters } = sceneOf(metric, rows.slice(0, 1500))
      const { index } = oracle
      let next = 1500
      for (let step = 0; step < 60; step++) {
        for (let i = r.below(20); i > 0; i--) {
          const position = r.below(oracle.rows.length)
          if (oracle.removed.has(position)) continue
          clusters.remove(position)
          oracle.remove(position)
        }
        const added = rows.slice(next, (next += r.below(30)))
        clusters.add(Float32Array.from(added.flatMap(row => [...row])), index.positions)
        if (added.length > 0) oracle.append(added)
        for (const to of oracle.removed) {
          const last = oracle.rows.length - 1
          if (r.next() < 0.5 || to >= last || oracle.removed.has(last)) continue
          index.swapRemove!(to)
          clusters.move(last, to)
          oracle.rows[to] = oracle.rows.pop()!
          oracle.removed.delete(to)
        }
        const query = rows[r.below(rows.length)]
        const allowed = Uint32Array.from(
          { length: (index.positions + 31) >>> 5 },
          () => 2 ** 32 * r.next(),
        )
        for (const request of [
          { query, k: 10 },
          { query, k: 10, allowed },
        ]) {
          const found = clusters.search(request, EVERYTHING)!
          const positions = [...found.positions.subarray(0, found.count)]
          for (const [position] of oracle.best(request)) assert.ok(positions.includes(position))
          const all = new Map(oracle.found(request))
          for (const position of positions) assert.ok(all.has(position), 'a foreign row')
        }
      }
      assert.equal(clusters.rows, index.count)
      assert.ok(clusters.outgrown)
      clusters.dispose()
    })
  })
}

test('a query unlike the rows is left to the index, and a filter that leaves far rows keeps the promise', () => {
  const rows = grouped(random(3), 4000).map(row => row.map((v, i) => (i === 0 ? 30 : v)))
  const scene = sceneOf('cosine', rows)
  const recall = (request: SearchRequest): number | undefined =>
    recallOf(scene, 0.95, request, similarities(scene, request))
  assert.equal(recall({ query: rows[0].map(v => -v), k: 10 }), undefined)
  const { clusters, oracle } = scene
  const far = new Uint32Array((rows.length + 31) >>> 5)
  for (const [position] of oracle.found({ query: rows[0] }).slice(-2000)) {
    far[position >>> 5] |= 1 << (position & 31)
  }
  assert.ok((recall({ query: rows[0], k: 10, allowed: far }) ?? 1) >= 0.9)
  clusters.dispose()
})

test('what calibration says nothing of is left to the index', () => {
  const scene = sceneOf('cosine', grouped(random(4), 6000))
  const { clusters, oracle } = scene
  const refused = (recall: number, request: Omit<SearchRequest, 'query'>): void => {
    assert.equal(
      clusters.promise(recall, request, () => source(oracle, oracle.index)),
      undefined,
    )
  }
  refused(1, { k: 10 })
  refused(0.95, { k: 200 })
  refused(0.95, { k: 10, maxSimilarity: 0.5 })
  refused(0.95, { k: 10, allowed: Uint32Array.of(0xffffffff, ...new Uint32Array(187)) })
  clusters.dispose()
})

test('directions without structure are scanned, as nearly all clusters would have to be visited', () => {
  const r = random(5)
  const scene = sceneOf(
    'cosine',
    Array.from({ length: 4000 }, () => r.vector(DIM)),
  )
  const request = { query: r.vector(DIM), k: 10 }
  assert.equal(recallOf(scene, 0.999, request, similarities(scene, request)), undefined)
  scene.clusters.dispose()
})

test('rows that are all the same, and rows of length zero, are found', () => {
  const same = Array.from({ length: 3000 }, (_, i) =>
    i % 3 === 0 ? new Float32Array(DIM) : new Float32Array(DIM).fill(1),
  )
  for (const metric of ['cosine', 'euclidean', 'dot'] as const) {
    const { clusters, oracle } = sceneOf(metric, same)
    const query = new Float32Array(DIM).fill(2)
    const found = clusters.search({ query, k: 10 }, EVERYTHING)!
    const [best] = oracle.best({ query, k: 1 })
    const rows = [...found.positions.subarray(0, found.count)].map(at => oracle.rows[at][0])
    assert.ok(rows.filter(first => first === oracle.rows[best[0]][0]).length >= 10)
    clusters.dispose()
  }
})
