import { scanThreads } from '#shared-scan'
import type { Candidates } from '../../../candidates.ts'
import { BatchSearch } from '../batch-search.ts'
import type { CodedRows } from '../rows.ts'
import type { Trial } from './calibration.ts'
import type { Centroids } from './centroids.ts'
import type { ClusterRule } from './cluster-rule.ts'
import type { ClusterSearch, KnownSearch } from './cluster-search.ts'
import type { ClusteredRows } from './clustered-rows.ts'
import { spread } from './row-sample.ts'

/** No limit: all clusters are visited. */
const UNLIMITED = { margin: Infinity, nearest: -Infinity, least: -Infinity }

/** The centroids, and the rows by them. */
export interface Groups {
  readonly centroids: Centroids
  readonly clustered: ClusteredRows
  readonly search: ClusterSearch
}

/** Searches for rows of the index without them, to calibrate searches for k rows. */
export function* recallTrials(
  k: number,
  rows: CodedRows,
  groups: Groups,
  { trials, trialNumbers, fewestTrials }: ClusterRule,
): Generator<void, Trial[]> {
  const { dim, positions } = rows.block
  const affordable = Math.floor(trialNumbers / (positions * dim))
  const count = Math.min(trials, Math.max(fewestTrials, affordable))
  const found: Trial[] = []
  // From other positions than the sample was.
  const chosen = spread(positions, count, 0.25)
  // One for each thread: a few take as long as one.
  const atOnce = scanThreads()
  for (let first = 0; first < count; first += atOnce) {
    // Rows may have gone between two steps.
    const live = chosen
      .slice(first, first + atOnce)
      .filter(position => position < rows.block.positions && rows.isLive(position))
    found.push(...tried(k, live, rows, groups))
    yield
  }
  return found
}

/** Exact searches say which rows are the nearest, and therefore how few clusters have to be visited to know all margins. */
function tried(k: number, own: readonly number[], rows: CodedRows, groups: Groups): Trial[] {
  if (own.length === 0) return []
  const queries = own.map(position => {
    const query = new Float32Array(rows.block.dim)
    rows.decode(position, query)
    return query
  })
  const batch = new BatchSearch(rows, { queries, k: k + 1 }, true)
  try {
    return queries.flatMap((query, i) => {
      const found = batch.candidates(i)
      return trial(k, own[i], query, found, groups) ?? []
    })
  } finally {
    batch.end()
  }
}

/** `found`: the rows that can be among the k + 1 best, which the row itself is. */
function trial(
  k: number,
  own: number,
  query: Float32Array,
  found: Candidates,
  { centroids, clustered, search }: Groups,
): Trial | undefined {
  const marginOf = new Map<number, number>()
  const clusterOf = Array.from(found.positions.subarray(0, found.count), position =>
    clustered.slots.clusterAt(position),
  )
  const known: KnownSearch = {
    needed: new Set(clusterOf),
    turn: (cluster, margin) => marginOf.set(cluster, margin),
  }
  if (!search.search({ query, k: k + 1 }, UNLIMITED, known)) return undefined
  const others = clusterOf.filter((_, i) => found.positions[i] !== own).slice(0, k)
  return {
    margins: Float64Array.from(others, cluster => marginOf.get(cluster)!),
    nearest: Math.max(...centroids.closeness),
    least: search.leastFor(query),
    clusterMargins: Float64Array.from(marginOf.values()),
    clusterSizes: Float64Array.from(marginOf.keys(), cluster => clustered.slots.sizeOf(cluster)),
  }
}
