import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Metric } from '../../src/entries/main.ts'
import type { Clusters } from '../../src/index/clusters.ts'
import { createExactIndex } from '../../src/index/kinds/exact/exact-index.ts'
import type { SearchRequest } from '../../src/index/vector-index.ts'
import { seededTest } from '../seed.ts'
import {
  begunClusters,
  clusteringOf,
  clustersOf,
  codedOracle,
  EVERYTHING,
  type RowPlace,
} from './clustered-index.ts'
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
  readonly clusters: Clusters
}

function sceneOf(metric: Metric, rows: readonly Float32Array[], place?: RowPlace): Scene {
  const oracle = codedOracle(metric, rows)
  return { oracle, clusters: clustersOf(oracle.index, place) }
}

/** The similarities of all rows that a search may return. */
function similarities({ oracle }: Scene, request: SearchRequest): Map<number, number> {
  return new Map(oracle.found(request))
}

/** The share of the k best rows that a search with a promise finds; undefined: it has to be exact. */
function recallOf(
  { clusters }: Scene,
  recall: number,
  request: SearchRequest,
  all: ReadonlyMap<number, number>,
): number | undefined {
  const promised = clusters.promise(recall, request)
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

/** Steps to the end, with something between them. */
function finish(clusters: Clusters, between: () => void): void {
  while (clusters.step()) between()
}

/** Changes of an index by chance. */
class Changes {
  readonly #oracle: Oracle
  readonly #random: Random
  readonly #rows: Float32Array[]

  /** `rows`: those to be added. */
  constructor(oracle: Oracle, r: Random, rows: readonly Float32Array[]) {
    this.#oracle = oracle
    this.#random = r
    this.#rows = [...rows]
  }

  /** Removes, adds and moves rows: up to 20, 30 and all; or this share of them. */
  make(all: readonly Clusters[], share = 1): void {
    const oracle = this.#oracle
    const r = this.#random
    const { index } = oracle
    for (let i = r.below(20 * share); i > 0; i--) {
      const position = r.below(oracle.rows.length)
      if (oracle.removed.has(position)) continue
      oracle.remove(position)
      for (const clusters of all) clusters.removed(position)
    }
    const added = this.#rows.splice(0, r.below(30 * share))
    if (added.length > 0) oracle.append(added)
    for (const clusters of all) clusters.added(added.length)
    for (const to of oracle.removed) {
      const last = oracle.rows.length - 1
      if (r.next() < 0.5 || to >= last || oracle.removed.has(last)) continue
      index.swapRemove!(to)
      for (const clusters of all) clusters.moved(last, to)
      oracle.rows[to] = oracle.rows.pop()!
      oracle.removed.delete(to)
    }
  }
}

/** Changes one byte. */
function other(at: number, byte: number): (bytes: Uint8Array) => Uint8Array {
  return bytes => bytes.with(at, byte)
}

/** Whether all clusters together find what brute force finds, and nothing else, with and without a filter. */
function compareAll(
  { oracle, clusters }: Scene,
  r: Random,
  queries: readonly Float32Array[],
): void {
  const query = queries[r.below(queries.length)]
  const allowed = Uint32Array.from(
    { length: (oracle.index.positions + 31) >>> 5 },
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

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

for (const [metric, place] of [
  ['cosine', 'copied'],
  ['euclidean', 'copied'],
  ['dot', 'copied'],
  ['cosine', 'listed'],
  ['euclidean', 'listed'],
  ['dot', 'listed'],
] as const) {
  describe(`${metric}, ${place}`, () => {
    test('a promise is kept for queries like the rows, and visits a part of them', () => {
      const rows = grouped(random(1), 4150)
      const scene = sceneOf(metric, rows.slice(0, 4000), place)
      const requests = rows.slice(4000).map(query => ({ query, k: 10 }))
      const all = requests.map(request => similarities(scene, request))
      for (const recall of [0.9, 0.95, 0.99]) {
        const recalls = requests.map((request, i) => recallOf(scene, recall, request, all[i]) ?? 1)
        // So few queries say little: what is far below the promise is not chance.
        assert.ok(mean(recalls) >= recall - 0.04, `${recall} is promised, ${mean(recalls)} found`)
      }
      const { clusters, oracle } = scene
      const promised = clusters.promises.find(({ recall }) => recall === 0.9)!
      assert.ok(promised.measured >= 0.9)
      // Long rows of any cluster have large dot products.
      const most = metric === 'dot' ? 1 : 0.6
      assert.ok(promised.visited < most * oracle.rows.length, `${promised.visited} visited`)
      clusters.dispose()
    })

    test('a query beyond either limit is left to an exact search', () => {
      const rows = grouped(random(3), 1501)
      const { clusters } = sceneOf(metric, rows.slice(0, 1500), place)
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
      const scene = sceneOf(metric, rows.slice(0, 1500), place)
      const changes = new Changes(scene.oracle, r, rows.slice(1500))
      for (let step = 0; step < 60; step++) {
        changes.make([scene.clusters])
        compareAll(scene, r, rows)
      }
      assert.equal(scene.clusters.rows, scene.oracle.index.count)
      assert.ok(scene.clusters.outgrown)
      scene.clusters.dispose()
    })

    test('rows may come and go while clusters are made, and while saved ones are restored', () => {
      const r = random(6)
      const rows = grouped(r, 3600)
      const index = createExactIndex({ metric, dim: DIM, keepsVectors: false })
      const oracle = new Oracle(index, rows.slice(0, 1500))
      const changes = new Changes(oracle, r, rows.slice(1500))
      const first = begunClusters(index, place)
      assert.deepEqual(first.save(), [])
      finish(first, () => changes.make([first], 0.2))
      compareAll({ oracle, clusters: first }, r, rows)
      const sections = new Map(
        first.save().map(({ name, bytes }) => [name, { name, bytes: bytes.slice() }]),
      )
      const restored = clusteringOf(index, { place }).restore(sections)!
      assert.ok(!restored.ready)
      finish(restored, () => changes.make([first, restored], 0.2))
      for (const clusters of [first, restored]) {
        assert.ok(clusters.ready)
        assert.equal(clusters.rows, index.count)
        compareAll({ oracle, clusters }, r, rows)
      }
      assert.deepEqual(restored.promise(0.9, { k: 10 }), first.promise(0.9, { k: 10 }))
      first.dispose()
      restored.dispose()
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
  const { clusters } = scene
  const refused = (recall: number, request: Omit<SearchRequest, 'query'>): void => {
    assert.equal(clusters.promise(recall, request), undefined)
  }
  refused(1, { k: 10 })
  refused(0.95, { k: 200 })
  refused(0.95, { k: 10, maxSimilarity: 0.5 })
  refused(0.95, { k: 10, allowed: Uint32Array.of(0xffffffff, ...new Uint32Array(187)) })
  clusters.dispose()
})

test('saved clusters that cannot be are refused, those of another version are left alone', () => {
  const { clusters, oracle } = sceneOf('cosine', grouped(random(7), 1500))
  const saved = clusters.save()
  const clustering = clusteringOf(oracle.index)
  const restored = (name: string, change: (bytes: Uint8Array) => Uint8Array) =>
    clustering.restore(
      new Map(
        saved.map(section => [
          section.name,
          { ...section, bytes: section.name === name ? change(section.bytes) : section.bytes },
        ]),
      ),
    )
  assert.equal(restored('clusters.head', other(0, 9)), undefined)
  assert.equal(clustering.restore(new Map()), undefined)
  for (const { name } of saved) {
    assert.throws(() => restored(name, bytes => bytes.subarray(1)), { code: 'VEC_STORAGE' }, name)
  }
  assert.throws(() => restored('clusters.head', other(4, 0)), { code: 'VEC_STORAGE' })
  assert.throws(() => restored('clusters.rows', other(1, 0xfe)), { code: 'VEC_STORAGE' })
  assert.throws(() => restored('clusters.centres', bytes => bytes.slice().fill(0xff, 0, 8)), {
    code: 'VEC_STORAGE',
  })
  clusters.dispose()
})

test('more rows than ten are calibrated for when they are wanted', () => {
  const rows = grouped(random(8), 4000)
  const { clusters } = sceneOf('cosine', rows)
  assert.equal(clusters.promise(0.9, { k: 50 }), undefined)
  while (clusters.step());
  assert.equal(clusters.promise(0.9, { k: 50 })?.k, 100)
  clusters.dispose()
})

test('a filter that still allows rows which are gone wants no fewer rows for that', () => {
  const { clusters, oracle } = sceneOf('cosine', grouped(random(12), 4000))
  // Three of four rows match the filter, among those that are gone as among the others.
  const allowed = new Uint32Array(oracle.index.positions / 32 + 1).fill(0x77777777)
  const promise = () => clusters.promise(0.9, { k: 10, allowed })
  for (let position = 0; position < 4000; position += 3) {
    oracle.remove(position)
    clusters.removed(position)
  }
  assert.equal(promise(), undefined)
  while (clusters.step());
  assert.equal(promise()?.k, 100)
  clusters.dispose()
})

test('equal rows far from the others do not make searches expensive', () => {
  const rows = grouped(random(9), 4000)
  const equal = new Float32Array(DIM).fill(-20)
  const scene = sceneOf('cosine', [...rows, ...Array.from({ length: 300 }, () => equal)])
  const promised = scene.clusters.promise(0.9, { k: 10 })
  assert.ok(promised && promised.visited < 0.6 * 4300)
  scene.clusters.dispose()
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
