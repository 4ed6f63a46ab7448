import type { Metric } from '../../src/entries/main.ts'
import type { Clustering, Clusters, ClusterUse, Promised } from '../../src/index/clusters.ts'
import {
  CLUSTER_RULE,
  type ClusterRule,
} from '../../src/index/kinds/exact/clusters/cluster-rule.ts'
import { createExactIndex, ExactIndex } from '../../src/index/kinds/exact/exact-index.ts'
import type {
  Candidates,
  IndexImage,
  SearchRequest,
  VectorIndex,
} from '../../src/index/vector-index.ts'
import { Oracle } from './oracle.ts'

export type { Clustering, Clusters } from '../../src/index/clusters.ts'

/** An exact index of codes, which may get clusters, with these rows; and all that it should hold. */
export function codedOracle(metric: Metric, rows: readonly Float32Array[]): Oracle {
  const index = createExactIndex({ metric, dim: rows[0].length, keepsVectors: false })
  const oracle = new Oracle(index, rows)
  index.complete?.()
  return oracle
}

/** A rule that makes clusters of any index. */
const SMALL_RULE: ClusterRule = { ...CLUSTER_RULE, rows: 0, numbers: 0 }

/**
 * Clusters copy the rows of their index, or list them, where there is no memory for a copy. Lists of so few rows visit them
 * even where a scan would be as fast.
 */
export type RowPlace = 'copied' | 'listed'

function placed(rule: ClusterRule, place: RowPlace): ClusterRule {
  return place === 'listed' ? { ...rule, mostBytes: 0, expensive: Infinity } : rule
}

/** A rule by which exact searches of any index skip clusters, whether that pays or not. */
export const SKIPPING_RULE: ClusterRule = {
  ...SMALL_RULE,
  exact: { ...CLUSTER_RULE.exact, numbers: 0, trials: 3, pays: Infinity, most: Infinity },
}

/** Visits every cluster. */
export const EVERYTHING: Promised = {
  recall: 1,
  k: 10,
  measured: 1,
  trials: 0,
  visited: 0,
  expensive: false,
  limits: { margin: Infinity, nearest: -Infinity, least: -Infinity },
}

/** Ready clusters of an exact index of codes, whatever its size. */
export function clustersOf(index: VectorIndex, place?: RowPlace): Clusters {
  const clusters = begunClusters(index, place)
  while (clusters.step());
  return clusters
}

/** Clusters for exact searches, by a rule; nothing is done yet. */
export function skippingClusters(index: VectorIndex, rule: ClusterRule = SKIPPING_RULE): Clusters {
  return skippingClustering(index, rule).begin('exact')!
}

export function skippingClustering(
  index: VectorIndex,
  rule: ClusterRule = SKIPPING_RULE,
): Clustering {
  if (!(index instanceof ExactIndex)) throw new TypeError('not an exact index')
  return index.clusteringBy(rule)!
}

/** Such clusters, of which nothing is done yet. */
export function begunClusters(index: VectorIndex, place?: RowPlace): Clusters {
  return clusteringOf(index, { place }).begin()!
}

/** `trials`: how many rows calibration searches for at most. */
export function clusteringOf(
  index: VectorIndex,
  {
    place = 'copied',
    trials = SMALL_RULE.trials,
  }: { readonly place?: RowPlace | undefined; readonly trials?: number } = {},
): Clustering {
  if (!(index instanceof ExactIndex)) throw new TypeError('not an exact index')
  return index.clusteringBy(placed({ ...SMALL_RULE, trials }, place))!
}

/**
 * An exact index of codes that is searched through clusters, which are made by the first search: all are visited, or those that
 * an exact search cannot skip.
 */
export class ClusteredIndex implements VectorIndex {
  readonly #index: VectorIndex
  readonly #use: ClusterUse
  readonly #place: RowPlace
  #clusters: Clusters | undefined

  constructor(index: VectorIndex, use: ClusterUse = 'recall', place: RowPlace = 'copied') {
    this.#index = index
    this.#use = use
    this.#place = place
  }

  get kind(): VectorIndex['kind'] {
    return this.#index.kind
  }

  get metric(): VectorIndex['metric'] {
    return this.#index.metric
  }

  get dim(): number {
    return this.#index.dim
  }

  get positions(): number {
    return this.#index.positions
  }

  get count(): number {
    return this.#index.count
  }

  get bytes(): number {
    return this.#index.bytes
  }

  get worthSaving(): boolean {
    return this.#index.worthSaving
  }

  add(vectors: Float32Array): number {
    const { dim, positions } = this
    for (let at = 0; at < vectors.length; at += dim) {
      this.stagingBuffer(1).set(vectors.subarray(at, at + dim))
      this.commit(1)
    }
    return positions
  }

  stagingBuffer(rows: number): Float32Array {
    return this.#index.stagingBuffer(rows)
  }

  commit(rows: number): number {
    const first = this.#index.commit(rows)
    this.#clusters?.added(rows)
    return first
  }

  remove(position: number): void {
    if (!this.#index.isLive(position)) return this.#index.remove(position)
    this.#index.remove(position)
    this.#clusters?.removed(position)
  }

  isLive(position: number): boolean {
    return this.#index.isLive(position)
  }

  readonly swapRemove: (to: number) => void = to => {
    this.#index.swapRemove!(to)
    this.#clusters?.moved(this.positions, to)
  }

  search(request: SearchRequest): Candidates {
    const { maxSimilarity = Infinity, minSimilarity = -Infinity } = request
    // It refuses misuse.
    const exact = this.#index.search(request)
    if (this.count > 0 && minSimilarity <= maxSimilarity) {
      const found = this.#use === 'exact' ? this.#skip(request) : this.#visitAll(request)
      if (found) return found
    }
    return exact
  }

  #visitAll(request: SearchRequest): Candidates | undefined {
    this.#clusters ??= begunClusters(this.#index, this.#place)
    while (!this.#clusters.ready) this.#clusters.step()
    return this.#clusters.search(request, EVERYTHING)
  }

  #skip(request: SearchRequest): Candidates | undefined {
    this.#clusters ??= skippingClusters(this.#index, placed(SKIPPING_RULE, this.#place))
    while (this.#clusters.due) this.#clusters.step()
    return this.#clusters.skip(request)?.candidates
  }

  holds(position: number, vector: Float32Array): boolean {
    return this.#index.holds(position, vector)
  }

  save(): IndexImage {
    return this.#index.save()
  }

  dispose(): void {
    this.#clusters?.dispose()
    this.#index.dispose()
  }
}
