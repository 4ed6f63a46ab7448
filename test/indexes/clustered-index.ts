import type { Promised, RowSource } from '../../src/index/clusters.ts'
import {
  CLUSTER_RULE,
  type ClusterRule,
} from '../../src/index/kinds/exact/clusters/cluster-rule.ts'
import { RowClusters } from '../../src/index/kinds/exact/clusters/row-clusters.ts'
import type {
  Candidates,
  IndexImage,
  SearchRequest,
  VectorIndex,
} from '../../src/index/vector-index.ts'

/** A rule that makes clusters of any index. */
export const SMALL_RULE: ClusterRule = Object.assign({}, CLUSTER_RULE, {
  rows: 0,
  numbers: 0,
})

/** Visits every cluster. */
export const EVERYTHING: Promised = {
  recall: 1,
  k: 10,
  measured: 1,
  trials: 0,
  visited: 0,
  dear: false,
  limits: { margin: Infinity, nearest: -Infinity, least: -Infinity },
}

/** The live rows of an index whose vectors are given. */
export function sourceOf(index: VectorIndex, rowAt: (position: number) => Float32Array): RowSource {
  const { metric, dim, positions, count } = index
  const read: RowSource['read'] = (wanted, visit) => {
    for (const position of wanted) if (index.isLive(position)) visit(position, rowAt(position))
  }
  const all = Array.from({ length: positions }, (_, position) => position)
  return { metric, dim, positions, count, read, each: visit => read(all, visit) }
}

/** An exact index of codes that is searched through clusters, all of which are visited; they are made by the first search. */
export class ClusteredIndex implements VectorIndex {
  readonly #index: VectorIndex
  readonly #rows: Float32Array[] = []
  #clusters: RowClusters | undefined
  #staged: Float32Array = new Float32Array(0)

  constructor(index: VectorIndex) {
    this.#index = index
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
    return (this.#staged = this.#index.stagingBuffer(rows))
  }

  commit(rows: number): number {
    const { dim } = this
    const vectors = this.#staged.slice(0, rows * dim)
    for (let row = 0; row < rows; row++) {
      this.#rows.push(vectors.subarray(row * dim, (row + 1) * dim))
    }
    this.#clusters?.add(vectors, this.positions)
    return this.#index.commit(rows)
  }

  remove(position: number): void {
    this.#clusters?.remove(position)
    this.#index.remove(position)
  }

  isLive(position: number): boolean {
    return this.#index.isLive(position)
  }

  readonly swapRemove: (to: number) => void = to => {
    this.#index.swapRemove!(to)
    this.#clusters?.move(this.positions, to)
    this.#rows[to] = this.#rows.pop()!
  }

  search(request: SearchRequest): Candidates {
    const { maxSimilarity = Infinity, minSimilarity = -Infinity } = request
    // It refuses misuse.
    const exact = this.#index.search(request)
    if (this.count > 0 && minSimilarity <= maxSimilarity) {
      this.#clusters ??= RowClusters.of(
        this.#index,
        sourceOf(this.#index, position => this.#rows[position]),
        SMALL_RULE,
      )
      const found = this.#clusters.search(request, EVERYTHING)
      if (found) return found
    }
    return exact
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
