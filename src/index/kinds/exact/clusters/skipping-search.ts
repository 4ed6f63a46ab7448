import { magnitude } from '../../../../core/similarity.ts'
import { sortByBound } from '../../../../core/sort-by-bound.ts'
import type { Candidates, SearchRequest } from '../../../vector-index.ts'
import { CandidateSet } from '../candidate-set.ts'
import type { ClusterBounds } from './cluster-bounds.ts'
import { ClusterScan } from './cluster-scan.ts'
import type { ClusteredRows } from './clustered-rows.ts'

/** After so many clusters, the threshold tells about how many of the others are left. */
const FIRST = 4

/** Exact searches that skip the clusters whose rows cannot be among the best. */
export class SkippingSearch {
  /** Clusters that the last search has visited. */
  visited = 0
  readonly #bounds: ClusterBounds
  readonly #clustered: ClusteredRows
  readonly #candidates = new CandidateSet()
  readonly #scan: ClusterScan
  readonly #order: Uint32Array
  readonly #upper: Float64Array

  constructor(bounds: ClusterBounds, clustered: ClusteredRows) {
    this.#bounds = bounds
    this.#clustered = clustered
    this.#scan = new ClusterScan(clustered, this.#candidates)
    this.#order = new Uint32Array(bounds.upper.length)
    this.#upper = new Float64Array(bounds.upper.length)
  }

  /** At most the similarity of the k-th best row in range, whether the last search came to its end or not. */
  get least(): number {
    return this.#candidates.least
  }

  /** As `VectorIndex.search`; undefined: more than so many rows would have to be looked at, or the bounds are not known. */
  search(request: SearchRequest, mostRows: number, isDecoded = false): Candidates | undefined {
    const { allowed, k, maxSimilarity = Infinity, minSimilarity = -Infinity, query } = request
    const candidates = this.#candidates
    const clustered = this.#clustered
    const { rows } = clustered
    this.visited = 0
    candidates.begin(k < clustered.count ? k : 0, minSimilarity, maxSimilarity)
    const isSet = isDecoded ? rows.setDecodedQuery(query) : rows.setQuery(query)
    if (!isSet || !this.#bounds.ask(rows, magnitude(query))) return undefined
    const clusters = this.#sorted(minSimilarity)
    for (let i = 0; i < clusters; i++) {
      // The bounds fall and the threshold rises.
      if (this.#upper[i] < candidates.least) break
      if (i === FIRST && this.#left(i, clusters) > mostRows - candidates.visited) return undefined
      this.#scan.visit(this.#order[i], maxSimilarity, allowed)
      this.visited++
    }
    this.#scan.finish()
    return candidates
  }

  /** The clusters that may have rows in range, in the order of their bounds. Returns how many. */
  #sorted(min: number): number {
    const { upper } = this.#bounds
    let count = 0
    for (let cluster = 0; cluster < upper.length; cluster++) {
      if (upper[cluster] < min || upper[cluster] === -Infinity) continue
      this.#upper[count] = upper[cluster]
      this.#order[count++] = cluster
    }
    sortByBound(this.#upper, this.#order, count)
    return count
  }

  /** Rows of the clusters from..to-1 in this order that the threshold does not rule out. */
  #left(from: number, to: number): number {
    const { least } = this.#candidates
    let rows = 0
    for (let i = from; i < to && this.#upper[i] >= least; i++) {
      rows += this.#clustered.sizeOf(this.#order[i])
    }
    return rows
  }
}
