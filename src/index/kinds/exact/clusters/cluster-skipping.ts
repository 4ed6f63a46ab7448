import type { Metric } from '../../../../core/metric.ts'
import type { Skipped, SkippingFacts } from '../../../clusters.ts'
import type { SearchRequest } from '../../../vector-index.ts'
import type { CodedRows } from '../rows.ts'
import type { Centroids } from './centroids.ts'
import { ClusterBounds } from './cluster-bounds.ts'
import type { ClusterRule } from './cluster-rule.ts'
import type { ClusteredRows } from './clustered-rows.ts'
import { spread } from './row-sample.ts'
import { SkippingSearch } from './skipping-search.ts'

/** Rows of a trial's answer, without the row that it searches for. */
const TRIAL_ROWS = 10
/** Rows whose place is found in a millisecond or two. */
const PLACED = 512
/** A search that visits fewer clusters than this tells too little of the others. */
const FEW_CLUSTERS = 8
/** After so many searches more that came to nothing than others, the next ones do not try. */
const MOST_FAILURES = 4
const REST = 64

/** Searches exactly through clusters, where a trial has shown that it pays. */
export class ClusterSkipping {
  readonly #clustered: ClusteredRows
  readonly #bounds: ClusterBounds
  readonly #search: SkippingSearch
  readonly #rule: ClusterRule['exact']
  #facts: SkippingFacts | undefined
  #failures = 0
  #rest = 0

  constructor(
    centroids: Centroids,
    clustered: ClusteredRows,
    metric: Metric,
    rule: ClusterRule['exact'],
  ) {
    this.#clustered = clustered
    this.#bounds = new ClusterBounds(centroids, metric)
    this.#search = new SkippingSearch(this.#bounds, clustered)
    this.#rule = rule
  }

  get bytes(): number {
    return this.#bounds.bytes
  }

  /** What the trial has found; undefined: it has not ended. */
  get facts(): SkippingFacts | undefined {
    return this.#facts
  }

  /** Finds the bounds of all clusters, and searches for rows that are left out of their own answers. Rows may change between two steps. */
  *measure(): Generator<void> {
    const clustered = this.#clustered
    const { rows, slots } = clustered
    const row = new Float32Array(rows.block.dim)
    // Rows that come meanwhile are told to `added`.
    for (let slot = 0; slot < slots.size; slot++) {
      if (slot % PLACED === PLACED - 1) yield
      const at = clustered.rowOf(slot)
      if (at !== undefined) this.#widen(rows, at, slots.clusterOf(slot), row)
    }
    let share = 0
    let clusters = 0
    let trials = 0
    for (const slot of spread(slots.size, this.#rule.trials, 0.5)) {
      const at = clustered.rowOf(slot)
      if (at === undefined) continue
      rows.decode(at, row)
      const request = { query: row, k: TRIAL_ROWS + 1 }
      const found = this.#search.search(request, slots.count, this.#most, true)
      share += found ? found.visited / slots.count : 1
      clusters += found ? this.#search.visited : slots.clusters
      trials++
      yield
    }
    if (trials === 0) trials = share = 1
    const [visited, meanClusters] = [share / trials, clusters / trials]
    this.#facts = {
      trials,
      visited,
      clusters: meanClusters,
      pays: visited * clustered.cost <= this.#rule.pays,
    }
  }

  /** A row of the index was added to a cluster. */
  added(from: CodedRows, position: number, cluster: number): void {
    this.#widen(from, position, cluster, new Float32Array(from.block.dim))
  }

  /** As `Clusters.skip`, of an index with so many allowed rows. */
  search(request: SearchRequest, allowedRows: number): Skipped | undefined {
    const { clusters, count } = this.#clustered.slots
    const most = this.#most
    if (!this.#facts?.pays || most * allowedRows * clusters < FEW_CLUSTERS * count) return undefined
    if (this.#rest > 0) {
      this.#rest--
      return undefined
    }
    const candidates = this.#search.search(request, allowedRows, most)
    this.#failures = Math.max(0, this.#failures + (candidates ? -1 : 1))
    if (this.#failures >= MOST_FAILURES) {
      this.#failures = 0
      this.#rest = REST
    }
    return candidates && { candidates, visited: this.#search.visited, clusters }
  }

  /** The share of the rows that takes as long to visit as a scan, or a little less. */
  get #most(): number {
    return this.#rule.most / this.#clustered.cost
  }

  #widen(rows: CodedRows, position: number, cluster: number, row: Float32Array): void {
    rows.decode(position, row)
    this.#bounds.widen(cluster, row, rows.errorOf(position))
  }
}
