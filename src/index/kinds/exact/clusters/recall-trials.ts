import type { CodedRows } from '../rows.ts'
import { trialLimit, UNLIMITED_TRIALS, type Trial } from './calibration.ts'
import type { Centroids } from './centroids.ts'
import type { ClusterRule } from './cluster-rule.ts'
import type { ClusterSearch } from './cluster-search.ts'
import type { ClusteredRows } from './clustered-rows.ts'
import { spread } from './row-sample.ts'

/** No limit: all clusters are visited. */
const UNLIMITED = { margin: Infinity, nearest: -Infinity, least: -Infinity }

/** The centroids, and the rows by them, once they are copied. */
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
  const query = new Float32Array(dim)
  const found: Trial[] = []
  let limit = Infinity
  // From other positions than the sample was.
  for (const position of spread(positions, count, 0.25)) {
    // Rows may have gone between two steps.
    if (position >= rows.block.positions || !rows.isLive(position)) continue
    rows.decode(position, query)
    const trial = tried(k, position, query, groups, limit)
    if (trial) found.push(trial)
    if (found.length === UNLIMITED_TRIALS) limit = trialLimit(found)
    yield
  }
  return found
}

/** `limit`: clusters of a larger margin are not visited. */
function tried(
  k: number,
  own: number,
  query: Float32Array,
  groups: Groups,
  limit: number,
): Trial | undefined {
  const { centroids, clustered, search } = groups
  const marginOf = new Map<number, number>()
  const limits = { ...UNLIMITED, margin: limit }
  const found = search.search({ query, k: k + 1 }, limits, (cluster, margin) =>
    marginOf.set(cluster, margin),
  )
  if (!found) return undefined
  if (found.count <= k && limit < Infinity) return tried(k, own, query, groups, Infinity)
  const margins: number[] = []
  for (let i = 0; i < found.count && margins.length < k; i++) {
    const position = found.positions[i]
    if (position !== own) margins.push(marginOf.get(clustered.clusterAt(position))!)
  }
  return {
    margins: Float64Array.from(margins),
    nearest: Math.max(...centroids.closeness),
    least: search.leastFor(query),
    clusterMargins: Float64Array.from(marginOf.values()),
    clusterSizes: Float64Array.from(marginOf.keys(), cluster => clustered.sizeOf(cluster)),
  }
}
