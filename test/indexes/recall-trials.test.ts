import assert from 'node:assert/strict'
import type { Trial } from '../../src/index/kinds/exact/clusters/calibration.ts'
import { CLUSTER_RULE } from '../../src/index/kinds/exact/clusters/cluster-rule.ts'
import { ClusterSearch } from '../../src/index/kinds/exact/clusters/cluster-search.ts'
import { ClusterSlots } from '../../src/index/kinds/exact/clusters/cluster-slots.ts'
import { clusterSpaceOf } from '../../src/index/kinds/exact/clusters/cluster-space.ts'
import { CopiedRows } from '../../src/index/kinds/exact/clusters/copied-rows.ts'
import { kMeans } from '../../src/index/kinds/exact/clusters/k-means.ts'
import { ListedRows } from '../../src/index/kinds/exact/clusters/listed-rows.ts'
import { recallTrials, type Groups } from '../../src/index/kinds/exact/clusters/recall-trials.ts'
import { drawSample, spread } from '../../src/index/kinds/exact/clusters/row-sample.ts'
import { CodeRows } from '../../src/index/kinds/exact/code-rows.ts'
import { seededTest } from '../seed.ts'
import { random } from './random.ts'

const test = seededTest('INDEX_SEED')

const DIM = 24
const ROWS = 6000
const CLUSTERS = 70
const K = 10
const UNLIMITED = { margin: Infinity, nearest: -Infinity, least: -Infinity }

const CASES = (['cosine', 'euclidean', 'dot'] as const).flatMap(metric =>
  ([CopiedRows, ListedRows] as const).map(form => ({ metric, form })),
)

for (const { metric, form } of CASES) {
  test(`${metric}, ${form.name}: trials that visit a few clusters tell what visits of all clusters do`, () => {
    const r = random(4)
    const rows = new CodeRows({ metric, dim: DIM, expectedRows: ROWS, accelerator: undefined })
    for (let i = 0; i < ROWS; i += 100) {
      const stage = rows.block.stage(100)
      for (let row = 0; row < 100; row++) stage.set(r.vector(DIM, 1 + r.next()), row * DIM)
      rows.commit(100)
    }
    // Trials pass over rows that have gone.
    const chosen = spread(ROWS, CLUSTER_RULE.trials, 0.25)
    for (const position of chosen.slice(0, 9)) rows.remove(position)
    const groups = groupsOf(rows, metric, form === CopiedRows)
    const trials = finished(recallTrials(K, rows, groups, CLUSTER_RULE))
    assert.equal(trials.length, CLUSTER_RULE.trials - 9)
    for (const [i, trial] of trials.entries()) {
      assert.deepEqual(trial, visitingAll(chosen[i + 9], rows, groups))
    }
  })
}

function groupsOf(
  rows: CodeRows,
  metric: 'cosine' | 'euclidean' | 'dot',
  isCopied: boolean,
): Groups {
  const space = clusterSpaceOf(metric)!
  const sample = finished(drawSample(rows, space, CLUSTER_RULE, CLUSTERS))
  const centroids = finished(kMeans(space, sample, DIM, CLUSTERS))
  const slots = new ClusterSlots(CLUSTERS, 32)
  const clustered = isCopied
    ? new CopiedRows(rows, rows.like(ROWS * 2), slots)
    : new ListedRows(rows, slots)
  const vector = new Float32Array(DIM)
  const nearest = new Uint32Array(1)
  for (let position = 0; position < ROWS; position++) {
    if (!rows.isLive(position)) continue
    rows.decode(position, vector)
    centroids.assign(vector, 1, nearest)
    clustered.add(position, nearest[0])
  }
  return { centroids, clustered, search: new ClusterSearch(centroids, clustered) }
}

function visitingAll(own: number, rows: CodeRows, groups: Groups): Trial {
  const { centroids, clustered, search } = groups
  const query = new Float32Array(DIM)
  rows.decode(own, query)
  const marginOf = new Map<number, number>()
  const found = search.search({ query, k: K + 1 }, UNLIMITED, {
    needed: new Set([-1]),
    turn: (cluster, margin) => marginOf.set(cluster, margin),
  })!
  const others = [...found.positions.subarray(0, found.count)].filter(each => each !== own)
  return {
    margins: Float64Array.from(others.slice(0, K), each =>
      marginOf.get(clustered.slots.clusterAt(each))!,
    ),
    nearest: Math.max(...centroids.closeness),
    least: search.leastFor(query),
    clusterMargins: Float64Array.from(marginOf.values()),
    clusterSizes: Float64Array.from(marginOf.keys(), cluster => clustered.slots.sizeOf(cluster)),
  }
}

function finished<T>(work: Generator<void, T>): T {
  let made = work.next()
  while (made.done !== true) made = work.next()
  return made.value
}
