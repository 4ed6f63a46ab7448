import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { exactSimilarity, magnitude } from '../../src/core/similarity.ts'
import type { Metric } from '../../src/entries/main.ts'
import type { Clusters } from '../../src/index/clusters.ts'
import { Centroids } from '../../src/index/kinds/exact/clusters/centroids.ts'
import { ClusterBounds } from '../../src/index/kinds/exact/clusters/cluster-bounds.ts'
import { CLUSTER_RULE } from '../../src/index/kinds/exact/clusters/cluster-rule.ts'
import { clusterSpaceOf } from '../../src/index/kinds/exact/clusters/cluster-space.ts'
import { CodeRows } from '../../src/index/kinds/exact/code-rows.ts'
import type { SearchRequest } from '../../src/index/vector-index.ts'
import { seededTest } from '../seed.ts'
import {
  codedOracle,
  SKIPPING_RULE,
  skippingClustering,
  skippingClusters,
} from './clustered-index.ts'
import { dataset, datasetNames } from './datasets.ts'
import type { Oracle } from './oracle.ts'
import { random, type Random } from './random.ts'

const test = seededTest('INDEX_SEED')

const METRICS = ['cosine', 'euclidean', 'dot'] as const

/** Rows around centres, of which each has the same number. */
function mixture(r: Random, count: number, dim: number, noise: number): Float32Array[] {
  const centres = Array.from({ length: 40 }, () => r.vector(dim))
  return Array.from({ length: count }, (_, i) =>
    r.vector(dim, noise).map((v, j) => v + centres[i % 40][j]),
  )
}

function made(clusters: Clusters): Clusters {
  while (clusters.step());
  return clusters
}

/** That a search through clusters finds all of the k best, ties included, and only rows that it may find. */
function check(clusters: Clusters, oracle: Oracle, request: SearchRequest): number {
  const skipped = clusters.skip(request)
  assert.ok(skipped, 'clusters do not answer')
  const { count, positions, upper } = skipped.candidates
  const found = new Map<number, number>()
  for (let i = 0; i < count; i++) {
    assert.ok(i === 0 || upper[i] <= upper[i - 1], 'bounds out of order')
    found.set(positions[i], upper[i])
  }
  assert.equal(found.size, count, 'a position twice')
  const all = oracle.found(request)
  const similarities = new Map(all)
  const kth = all[Math.min(request.k, all.length) - 1]?.[1] ?? Infinity
  for (const [position, similarity] of all) {
    if (similarity < kth) break
    assert.ok(found.has(position), `${position} is missing`)
  }
  for (const [position, bound] of found) {
    const { minSimilarity, maxSimilarity, query } = request
    const similarity = exactSimilarity(oracle.index.metric, query, oracle.rows[position])
    assert.ok(similarity <= bound, `${position} is above its bound`)
    const isRanged = minSimilarity !== undefined || maxSimilarity !== undefined
    assert.ok(isRanged || similarities.has(position), `${position} may not be found`)
  }
  return skipped.visited
}

function checkBounds(metric: Metric, name: string, dim: number): void {
  const { rows, queries } = dataset(name, dim, 40)
  const clusters = Math.min(5, rows.length)
  compareBounds(metric, rows, [...queries, ...rows.slice(0, 8)], rows.slice(0, clusters))
  // Clusters of rows that are all alike have the tightest bounds.
  for (const row of rows.slice(0, 3)) {
    const wide = row.map((v, i) => v * (i % 2 === 0 ? 1 : 1.5))
    compareBounds(metric, [row], [row, wide, ...queries], [wide])
  }
}

/** Rows in turn to clusters with these centroids. */
function compareBounds(
  metric: Metric,
  rows: readonly Float32Array[],
  queries: readonly Float32Array[],
  centres: readonly Float32Array[],
): void {
  const dim = rows[0].length
  const coded = new CodeRows({ metric, dim, expectedRows: rows.length, accelerator: undefined })
  const stage = coded.block.stage(rows.length)
  for (const [i, row] of rows.entries()) stage.set(row, i * dim)
  coded.commit(rows.length)
  const centroids = new Centroids(clusterSpaceOf(metric)!, dim, centres.length)
  for (const [i, centre] of centres.entries()) centroids.values.set(centre, i * dim)
  centroids.changed()
  const bounds = new ClusterBounds(centroids, metric)
  const decoded = new Float32Array(dim)
  for (let i = 0; i < rows.length; i++) {
    coded.decode(i, decoded)
    bounds.widen(i % centres.length, decoded, coded.errorOf(i))
  }
  for (const query of queries) {
    if (!coded.setQuery(query) || !bounds.ask(coded, magnitude(query))) continue
    for (const [i, row] of rows.entries()) {
      const similarity = exactSimilarity(metric, query, row)
      const upper = bounds.upper[i % centres.length]
      assert.ok(
        Number.isNaN(similarity) || similarity <= upper,
        `${metric}, dim ${dim}: ${similarity} is above ${upper}`,
      )
    }
  }
  coded.block.dispose()
}

/** Removes, adds and moves rows. */
function change(
  r: Random,
  oracle: Oracle,
  clusters: Clusters,
  added: readonly Float32Array[],
): void {
  for (let i = r.below(40); i > 0; i--) {
    const position = r.below(oracle.rows.length)
    if (oracle.removed.has(position)) continue
    oracle.remove(position)
    clusters.removed(position)
  }
  if (added.length === 0) return
  oracle.append(added)
  clusters.added(added.length)
  for (const to of oracle.removed) {
    const last = oracle.rows.length - 1
    if (r.next() < 0.5 || to >= last || oracle.removed.has(last)) continue
    oracle.index.swapRemove!(to)
    clusters.moved(last, to)
    oracle.rows[to] = oracle.rows.pop()!
    oracle.removed.delete(to)
  }
}

function compare(r: Random, oracle: Oracle, clusters: Clusters): void {
  const { count, positions } = oracle.index
  const query = oracle.rows[r.below(positions)]
  const strange = r.vector(query.length, 3)
  const allowed = Uint32Array.from({ length: (positions + 31) >>> 5 }, () => 2 ** 32 * r.next())
  const [, middle] = oracle.found({ query })[Math.floor(count / 3)]
  for (const k of [1, 10, 100, count - 1, count, count + 5]) {
    check(clusters, oracle, { query, k })
    check(clusters, oracle, { query: strange, k })
    check(clusters, oracle, { query, k, allowed })
    check(clusters, oracle, { query, k, minSimilarity: middle })
    check(clusters, oracle, { query, k, maxSimilarity: middle })
  }
}

for (const metric of METRICS) {
  describe(metric, () => {
    test('no row is above the bound of its cluster', () => {
      for (const name of datasetNames) {
        for (const dim of [1, 2, 3, 24, 100]) checkBounds(metric, name, dim)
      }
    })

    test('rows and queries that are their own codes are not above the bound of their cluster', () => {
      const r = random(4)
      const whole = (most: number): Float32Array => {
        const vector = Float32Array.from({ length: 3 }, () => r.below(2 * most + 1) - most)
        vector[r.below(3)] = most
        return vector
      }
      for (let i = 0; i < 300; i++) {
        const rows = [whole(127)]
        compareBounds(metric, rows, [whole(32767), rows[0].map(v => v * 258)], [r.vector(3)])
      }
    })

    test('changes of rows, filters, ranges and any k give what brute force finds', () => {
      const r = random(5)
      for (const noise of [0.05, 0.3, 1]) {
        const rows = mixture(r, 1200, 24, noise)
        const oracle = codedOracle(metric, rows.slice(0, 800))
        const clusters = made(skippingClusters(oracle.index))
        const later = rows.slice(800)
        for (let round = 0; round < 8; round++) {
          change(r, oracle, clusters, later.splice(0, r.below(80)))
          compare(r, oracle, clusters)
        }
        clusters.dispose()
        oracle.index.dispose()
      }
    })

    test('rows in clear clusters are skipped, and others scanned', () => {
      const r = random(6)
      const rule = { ...SKIPPING_RULE, exact: { ...CLUSTER_RULE.exact, numbers: 0 } }
      const oracle = codedOracle(metric, mixture(r, 3000, 48, 0.1))
      const clusters = made(skippingClusters(oracle.index, rule))
      assert.ok(clusters.skipping?.pays)
      assert.ok(clusters.bytes > 0)
      let visited = 0
      for (let i = 0; i < 50; i++) {
        const query = oracle.rows[r.below(3000)]
        visited += check(clusters, oracle, { query, k: 10 })
      }
      assert.ok(visited < 0.4 * 50 * clusters.count, `${visited} of 50 x ${clusters.count}`)
      const flat = codedOracle(
        metric,
        Array.from({ length: 3000 }, () => r.vector(48)),
      )
      const none = made(skippingClusters(flat.index, rule))
      assert.equal(none.skipping?.pays, false)
      assert.equal(none.bytes, 0)
      assert.equal(none.skip({ query: flat.rows[0], k: 10 }), undefined)
      assert.ok(!none.due)
    })

    test('saved clusters skip in a later process, after a trial of their own', () => {
      const r = random(7)
      const oracle = codedOracle(metric, mixture(r, 900, 24, 0.1))
      const clusters = made(skippingClusters(oracle.index))
      const sections = new Map(clusters.save().map(each => [each.name, each]))
      const restored = skippingClustering(oracle.index).restore(sections)!
      assert.equal(restored.skip({ query: oracle.rows[0], k: 3 }), undefined)
      made(restored)
      for (let i = 0; i < 20; i++)
        check(restored, oracle, { query: oracle.rows[r.below(900)], k: 5 })
    })
  })
}
