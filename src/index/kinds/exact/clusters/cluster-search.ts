import { magnitude } from '../../../../core/similarity.ts'
import { sortByBound } from '../../../../core/sort-by-bound.ts'
import type { Limits } from '../../../clusters.ts'
import type { Candidates, SearchRequest } from '../../../vector-index.ts'
import { CandidateSet } from '../candidate-set.ts'
import type { Centroids } from './centroids.ts'
import type { ClusteredRows, ClusterScan } from './clustered-rows.ts'

/** The nearest clusters, which are visited whatever is found in them. */
const FIRST = 8
/** After so many more, the k-th row is nearly as near as it will be. */
const SURE = 8
/**
 * What the logarithm of a cluster's rank adds to its margin. Margins alone give too much to hard queries, ranks alone give
 * all the same: measured on words, both together visit two thirds of the rows of either for the same recall.
 */
const RANK_SHARE = 1 / 8

/** A search whose answer is known, to learn when each cluster has its turn. */
export interface KnownSearch {
  /** The clusters of all rows that can be among the k best. Once they were visited, the others change no margin, and are not. */
  readonly needed: Set<number>
  /** Told of each cluster, and of its margin when it was its turn. */
  readonly turn: (cluster: number, margin: number) => void
}

/** Searches the clusters that can be worth it. */
export class ClusterSearch {
  readonly #centroids: Centroids
  readonly #clustered: ClusteredRows
  readonly #candidates = new CandidateSet()
  readonly #scan: ClusterScan
  /** Clusters that may be visited, and minus the margin of each. */
  readonly #wanted: Uint32Array
  readonly #promise: Float64Array
  readonly #first = new Uint32Array(FIRST)
  readonly #isFirst: Uint8Array

  constructor(centroids: Centroids, clustered: ClusteredRows) {
    this.#centroids = centroids
    this.#clustered = clustered
    this.#scan = clustered.scanFor(this.#candidates)
    this.#wanted = new Uint32Array(centroids.count)
    this.#promise = new Float64Array(centroids.count)
    this.#isFirst = new Uint8Array(centroids.count)
  }

  /**
   * Most of the k best rows; undefined: the query is unlike those that the limits were found with. The query of a trial is a
   * decoded row.
   */
  search(
    { query, k, allowed, minSimilarity = -Infinity, maxSimilarity = Infinity }: SearchRequest,
    limits: Limits,
    trial?: KnownSearch,
  ): Candidates | undefined {
    const centroids = this.#centroids
    const candidates = this.#candidates
    const { rows } = this.#clustered
    const { space, closeness, spread, shrink, count } = centroids
    const length = magnitude(query)
    const isSet = trial ? rows.setDecodedQuery(query) : rows.setQuery(query)
    if (!isSet || !centroids.ask(rows.asked, length)) return undefined
    this.#findFirst()
    if (closeness[this.#first[0]] < limits.nearest) return undefined
    const scale = space.unitSimilarity ? 1 / length : 1
    // Limits were found without a bound: one that is higher than the k-th row would leave out clusters that are due.
    candidates.begin(k, -Infinity, maxSimilarity)
    for (const cluster of this.#first.subarray(0, Math.min(FIRST, count))) {
      this.#scan.visit(cluster, maxSimilarity, allowed)
      trial?.turn(cluster, -Infinity)
      trial?.needed.delete(cluster)
    }
    const wanted = this.#wanted
    const promise = this.#promise
    let size = 0
    const found = candidates.least * scale
    for (let cluster = 0; cluster < count; cluster++) {
      if (this.#isFirst[cluster] !== 0) continue
      const margin = space.margin(found, closeness[cluster], spread[cluster], shrink[cluster])
      if (!trial && margin + rankShare(FIRST) > limits.margin) continue
      promise[size] = -margin
      wanted[size++] = cluster
    }
    sortByBound(promise, wanted, size)
    for (let i = 0; i < size; i++) {
      const cluster = wanted[i]
      const least = candidates.least * scale
      if (i === SURE && least < limits.least) return undefined
      const margin =
        space.margin(least, closeness[cluster], spread[cluster], shrink[cluster]) +
        rankShare(FIRST + i)
      trial?.turn(cluster, margin)
      if (margin > limits.margin || trial?.needed.size === 0) continue
      this.#scan.visit(cluster, maxSimilarity, allowed)
      trial?.needed.delete(cluster)
    }
    if (candidates.least * scale < limits.least) return undefined
    candidates.raise(minSimilarity)
    this.#scan.finish()
    return candidates
  }

  /** At least so similar is the k-th row of the last search, for a query 1 long where similarities grow with it. */
  leastFor(query: Float32Array): number {
    const { unitSimilarity } = this.#centroids.space
    return unitSimilarity ? this.#candidates.least / magnitude(query) : this.#candidates.least
  }

  /** The nearest clusters, best first. */
  #findFirst(): void {
    const { closeness, count } = this.#centroids
    const first = this.#first
    const isFirst = this.#isFirst
    isFirst.fill(0)
    let size = 0
    for (let cluster = 0; cluster < count; cluster++) {
      const near = closeness[cluster]
      if (size === FIRST && near <= closeness[first[FIRST - 1]]) continue
      let at = size < FIRST ? size++ : FIRST - 1
      for (; at > 0 && closeness[first[at - 1]] < near; at--) first[at] = first[at - 1]
      first[at] = cluster
    }
    for (let i = 0; i < size; i++) isFirst[first[i]] = 1
  }
}

function rankShare(before: number): number {
  return RANK_SHARE * Math.log(before + 1)
}
