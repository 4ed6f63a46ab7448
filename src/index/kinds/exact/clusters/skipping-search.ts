import { magnitude } from '../../../../core/similarity.ts'
import type { Candidates, SearchRequest } from '../../../vector-index.ts'
import { CandidateSet } from '../candidate-set.ts'
import type { ClusterBounds } from './cluster-bounds.ts'
import type { ClusteredRows, ClusterScan } from './clustered-rows.ts'

/** After so many clusters, and so many more for many rows, the threshold tells about how many of the others are left. */
const FIRST = 4
/** Rows in them, for each that is wanted. */
const SEEN = 2

/** Exact searches that skip the clusters whose rows cannot be among the best. */
export class SkippingSearch {
  /** Clusters that the last search has visited. */
  visited = 0
  readonly #bounds: ClusterBounds
  readonly #clustered: ClusteredRows
  readonly #candidates = new CandidateSet()
  readonly #scan: ClusterScan
  /** Clusters that may be visited, the one of the highest bound first, as a heap; and how many. */
  readonly #heap: Uint32Array
  #left = 0

  constructor(bounds: ClusterBounds, clustered: ClusteredRows) {
    this.#bounds = bounds
    this.#clustered = clustered
    this.#scan = clustered.scanFor(this.#candidates)
    this.#heap = new Uint32Array(bounds.upper.length)
  }

  /**
   * As `VectorIndex.search`, of an index with so many allowed rows. Undefined: more than this share of them would have to be
   * looked at, or the bounds are not known.
   */
  search(
    request: SearchRequest,
    allowedRows: number,
    share: number,
    isDecoded = false,
  ): Candidates | undefined {
    const { allowed, k, maxSimilarity = Infinity, minSimilarity = -Infinity, query } = request
    const candidates = this.#candidates
    const clustered = this.#clustered
    const { rows, slots } = clustered
    this.visited = 0
    candidates.begin(k < slots.count ? k : 0, minSimilarity, maxSimilarity)
    const isSet = isDecoded ? rows.setDecodedQuery(query) : rows.setQuery(query)
    if (!isSet || !this.#bounds.ask(rows, magnitude(query))) return undefined
    this.#collect(minSimilarity)
    const { upper } = this.#bounds
    const seen = Math.ceil((SEEN * k * slots.clusters) / Math.max(1, allowedRows))
    const first = Math.max(FIRST, k < slots.count ? seen : 0)
    // The bounds fall and the threshold rises.
    while (this.#left > 0 && upper[this.#heap[0]] >= candidates.least) {
      const most = share * allowedRows - candidates.visited
      if (this.visited === first && this.#rowsLeft() > most) return undefined
      this.#scan.visit(this.#pop(), maxSimilarity, allowed)
      this.visited++
    }
    this.#scan.finish()
    return candidates
  }

  /** Finds the clusters that may have rows in range. */
  #collect(min: number): void {
    const { upper } = this.#bounds
    let count = 0
    for (let cluster = 0; cluster < upper.length; cluster++) {
      if (upper[cluster] >= min && upper[cluster] > -Infinity) this.#heap[count++] = cluster
    }
    this.#left = count
    for (let root = (count >>> 1) - 1; root >= 0; root--) this.#sink(root, this.#heap[root])
  }

  /** Takes the cluster of the highest bound. */
  #pop(): number {
    const [best] = this.#heap
    const last = this.#heap[--this.#left]
    if (this.#left > 0) this.#sink(0, last)
    return best
  }

  #sink(root: number, cluster: number): void {
    const heap = this.#heap
    const { upper } = this.#bounds
    let at = root
    for (let child = 2 * at + 1; child < this.#left; child = 2 * at + 1) {
      if (child + 1 < this.#left && upper[heap[child + 1]] > upper[heap[child]]) child++
      if (upper[heap[child]] <= upper[cluster]) break
      heap[at] = heap[child]
      at = child
    }
    heap[at] = cluster
  }

  /** Rows of the clusters that the threshold does not rule out. */
  #rowsLeft(): number {
    const { least } = this.#candidates
    const { upper } = this.#bounds
    let rows = 0
    for (const cluster of this.#heap.subarray(0, this.#left)) {
      if (upper[cluster] >= least) rows += this.#clustered.slots.sizeOf(cluster)
    }
    return rows
  }
}
