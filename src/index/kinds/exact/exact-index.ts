import { lateKinds } from '#late-kinds'
import { layeredRows } from '#layered-rows'
import {
  ACCELERATORS,
  type Accelerator,
  type AcceleratorName,
} from '../../../accelerators/accelerator.ts'
import { VecError } from '../../../core/errors.ts'
import { requireMetric, type Metric } from '../../../core/metric.ts'
import type { Clustering } from '../../clusters.ts'
import type { BatchIndex, BatchRequest, SearchBatch } from '../../search-batch.ts'
import { addVectors, SMALL_INDEX, stagedRows } from '../../vector-index.ts'
import type {
  Candidates,
  IndexImage,
  InMemoryVectors,
  Lending,
  SearchRequest,
  VectorIndex,
} from '../../vector-index.ts'
import type { ClusterRule } from './clusters/cluster-rule.ts'
import { areClustersSaved, suitsClusters } from './clusters/suits-clusters.ts'
import { CodeRows } from './code-rows.ts'
import { FloatRows } from './float-rows.ts'
import type { LayeredRows } from './layered-rows.ts'
import type { RowOptions } from './row-block.ts'
import { chosenRows } from './row-form.ts'
import { RowSearch } from './row-search.ts'
import { areCoded } from './rows.ts'
import type { CodedRows, Rows } from './rows.ts'
import { areSplit } from './split-rows.ts'
import { MOST_ROWS_ASKED } from './threads/scan-task.ts'

/** The maximum bytes of floats that are collected before a trial decides the form of the rows. */
const COLLECTED_BYTES = 1 << 24

/** The sum of squared codes fits in 31 bits up to 133,152 dimensions. */
export const MAX_DIM = 65536

export interface ExactIndexOptions {
  readonly metric: Metric
  /** The dimension of the vectors, at most MAX_DIM. */
  readonly dim: number
  /** Whether to keep the vectors in memory instead of int8 codes. Default 'auto': while they take at most 1 MiB. */
  readonly keepsVectors?: boolean | 'auto'
  /** The number of rows for which memory is allocated at once. */
  readonly expectedRows?: number
  /** Default: SIMD if the runtime supports it. */
  readonly kernels?: AcceleratorName
}

/** Answers exactly by scanning every row: one pass over small codes computes a bound for each. */
export function createExactIndex(options: ExactIndexOptions): VectorIndex {
  const { dim, expectedRows = 0, keepsVectors = 'auto' } = options
  const metric = requireMetric(options.metric)
  checkDim(dim)
  const accelerator = options.kernels && ACCELERATORS[options.kernels]
  const floats = keepsVectors === 'auto' ? expectedRows * dim * 4 <= SMALL_INDEX : keepsVectors
  const rowOptions = { metric, dim, expectedRows, accelerator }
  if (floats) {
    const state = keepsVectors === 'auto' ? 'small' : 'final'
    return new ExactIndex(rowOptions, new FloatRows(rowOptions), 0, state)
  }
  if (!areSplit(metric, dim)) return new ExactIndex(rowOptions, new CodeRows(rowOptions), 0)
  const collected = Math.min(expectedRows, Math.floor(COLLECTED_BYTES / (dim * 4)))
  const rows = new FloatRows({ ...rowOptions, expectedRows: collected })
  return new ExactIndex(rowOptions, rows, 0, 'collecting')
}

function checkDim(dim: number): void {
  if (!Number.isInteger(dim) || dim < 1 || dim > MAX_DIM) {
    throw new RangeError(`vectors of ${dim} dimensions: an index takes 1 to ${MAX_DIM}`)
  }
}

/**
 * The future of the rows. Floats of a `small` index become codes when they outgrow SMALL_INDEX. Floats that are
 * `collecting` become codes at the first search, or when they outgrow COLLECTED_BYTES; a trial with them decides the
 * form. A `final` form stays.
 */
type RowState = 'small' | 'collecting' | 'final'

export class ExactIndex implements BatchIndex {
  readonly kind = 'exact'
  readonly metric: Metric
  readonly dim: number
  readonly #accelerator: Accelerator | undefined
  readonly #rowSearch = new RowSearch()
  readonly #expectedRows: number
  #held: Rows | undefined
  /** In place of `#held`, once other threads read the rows. */
  #layers: LayeredRows | undefined
  #count: number
  #state: RowState

  constructor(options: RowOptions, rows: Rows, count: number, state: RowState = 'final') {
    this.metric = options.metric
    this.dim = options.dim
    this.#accelerator = options.accelerator
    if (options.lent) this.#layers = layeredRows(rows as CodedRows)
    else this.#held = rows
    this.#count = count
    this.#expectedRows = options.expectedRows
    this.#state = state
  }

  get positions(): number {
    return this.#layers?.positions ?? this.#rows.block.positions
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#layers?.bytes ?? this.#rows.block.bytes
  }

  get inMemoryVectors(): InMemoryVectors | undefined {
    if (this.#layers || this.#state === 'collecting') return undefined
    return this.#rows.inMemoryVectors
  }

  /** Vectors in memory are copied from elsewhere; the codes of many rows have to be computed. */
  get worthSaving(): boolean {
    return this.inMemoryVectors === undefined
  }

  clustering(space: number = Infinity): Clustering | undefined {
    return suitsClusters(this, space) ? this.clusteringBy(undefined, space) : undefined
  }

  /** Clusters by another rule than the usual one; undefined while the rows are not codes. */
  clusteringBy(rule?: ClusterRule, space: number = Infinity): Clustering | undefined {
    this.complete()
    if (!this.#layers && !areCoded(this.#rows)) return undefined
    const { metric } = this
    // Clusters need rows that are in one place.
    const rows = (): CodedRows => {
      this.#unite()
      return this.#rows as CodedRows
    }
    return {
      space,
      begin: (use = 'recall') => {
        const code = lateKinds.wanted
        if (!code) return undefined
        const clusters = new code.RowClusters(rows(), metric, rule, space)
        clusters.want(use)
        return clusters
      },
      restore: sections =>
        areClustersSaved(sections)
          ? lateKinds.needed.RowClusters.restore(sections, rows(), metric, rule, space)
          : undefined,
    }
  }

  get lending(): Lending | undefined {
    const layers = this.#layers
    if (!layers && !this.#rows.block.isLendable) return undefined
    return {
      isLent: layers !== undefined,
      changes: layers?.changes ?? 0,
      lend: () => this.#lend(),
    }
  }

  add(vectors: Float32Array): number {
    return addVectors(this, vectors)
  }

  stagingBuffer(rows: number): Float32Array {
    if (this.#layers) return this.#layers.stage(rows)
    const bytes = (this.positions + rows) * this.dim * 4
    if (this.#state === 'small' && bytes > SMALL_INDEX) this.#outgrow()
    if (this.#state === 'collecting' && bytes > COLLECTED_BYTES) this.complete()
    return this.#rows.block.stage(rows)
  }

  complete(): void {
    if (this.#state === 'collecting') this.#encode()
  }

  commit(rows: number): number {
    const first = this.positions
    ;(this.#layers ?? this.#rows).commit(rows)
    this.#count += rows
    return first
  }

  remove(position: number): void {
    this.#checkPosition(position)
    const rows = this.#layers ?? this.#rows
    if (!rows.isLive(position)) return
    rows.remove(position)
    this.#count--
  }

  isLive(position: number): boolean {
    const rows = this.#layers ?? this.#rows
    return position >= 0 && position < this.positions && rows.isLive(position)
  }

  get swapRemove(): ((to: number) => void) | undefined {
    return this.#layers ? undefined : this.#swapRemove
  }

  readonly #swapRemove = (to: number): void => {
    this.#checkPosition(to)
    const last = this.positions - 1
    if (this.#rows.isLive(to) || !this.#rows.isLive(last)) {
      throw new RangeError(`the last position (${last}) must be live and position ${to} removed`)
    }
    this.#rows.swapRemove(to)
  }

  search(request: SearchRequest): Candidates {
    this.complete()
    if (this.#layers) return this.#layers.search(request, this.#count)
    return this.#rowSearch.search(this.#rows, request, this.#count)
  }

  searchTogether(request: BatchRequest): SearchBatch | undefined {
    this.complete()
    // A batch needs space in the memory of the rows.
    if (this.#layers) return undefined
    const rows = this.#rows
    const { positions, stride } = rows.block
    const few = request.queries.length < 2 || positions * stride < SMALL_INDEX
    if (few || request.k >= this.#count || request.k > MOST_ROWS_ASKED || !areCoded(rows))
      return undefined
    return new lateKinds.needed.BatchSearch(rows, request)
  }

  /** Encodes the vector after the last row, compares, and removes it again. */
  holds(position: number, vector: Float32Array): boolean {
    this.#checkPosition(position)
    this.complete()
    if (vector.length !== this.dim) return false
    if (this.#layers) return this.#layers.holds(position, vector)
    const rows = this.#rows
    rows.block.stage(1).set(vector)
    rows.commit(1)
    const last = rows.block.positions - 1
    const same = rows.same(position, last)
    rows.swapRemove(last)
    return same
  }

  save(): IndexImage {
    this.complete()
    if (this.#layers?.changes) this.#unite()
    const rows = this.#layers?.lent ?? this.#rows
    return { ...this.#image, sections: rows.sections() }
  }

  dispose(): void {
    this.#held?.block.dispose()
    this.#layers?.dispose()
    this.#held = this.#layers = undefined
  }

  get #image(): Omit<IndexImage, 'sections'> {
    const { dim, metric, positions } = this
    return { kind: 'exact', metric, dim, positions, count: this.#count }
  }

  #lend(): IndexImage | undefined {
    this.complete()
    this.#unite()
    const rows = this.#rows
    if (!areCoded(rows)) return undefined
    const [{ name }, ...others] = rows.sections()
    const lent = rows.block.lend(name)
    if (!lent) return undefined
    this.#layers = layeredRows(rows)
    this.#held = undefined
    return { ...this.#image, sections: others, lent }
  }

  /** Moves rows that other threads read, and the changes beside them, to a memory of their own. */
  #unite(): void {
    const layers = this.#layers
    if (!layers) return
    this.#held = layers.copy()
    this.#layers = undefined
    layers.dispose()
  }

  get #rows(): Rows {
    if (!this.#held) throw new VecError('VEC_CLOSED', 'the index was used after it was disposed')
    return this.#held
  }

  #outgrow(): void {
    this.#state = 'collecting'
    if (!areSplit(this.metric, this.dim)) this.#encode()
  }

  /** Converts the floats to codes, position by position. */
  #encode(): void {
    const from = this.#rows as FloatRows
    const { positions } = from.block
    const { metric, dim } = this
    const accelerator = this.#accelerator
    const expectedRows = Math.max(positions, this.#expectedRows)
    const threshold = (query: Float32Array, k: number): number => {
      this.#rowSearch.search(from, { query, k }, this.#count)
      return this.#rowSearch.least
    }
    const rows = chosenRows({ metric, dim, expectedRows, accelerator }, { rows: from, threshold })
    const most = stagedRows(dim)
    for (let first = 0; first < positions; first += most) {
      const count = Math.min(most, positions - first)
      const stage = rows.block.stage(count)
      for (let i = 0; i < count; i++) stage.set(from.row(first + i), i * dim)
      rows.commit(count)
      for (let at = first; at < first + count; at++) if (!from.isLive(at)) rows.remove(at)
    }
    from.block.dispose()
    this.#held = rows
    this.#state = 'final'
  }

  #checkPosition(position: number): void {
    if (!(position >= 0 && position < this.positions)) {
      throw new RangeError(`position ${position} of ${this.positions}`)
    }
  }
}
