import { ALLOWED, HITS } from '../../../accelerators/arena.ts'
import type { Arena } from '../../../accelerators/arena.ts'
import type { KernelKind } from '../../../accelerators/kernels.ts'
import { MAX_HITS } from '../../../accelerators/kernels.ts'
import { VecError } from '../../../core/errors.ts'
import { requireMetric, type Metric } from '../../../core/metric.ts'
import { SMALL_INDEX } from '../../vector-index.ts'
import type { Candidates, IndexImage, SearchRequest, VectorIndex } from '../../vector-index.ts'
import { CandidateSet } from './candidate-set.ts'
import { CodeRows } from './code-rows.ts'
import { FloatRows } from './float-rows.ts'
import type { Rows } from './rows.ts'
import { SPLIT_DIM, SplitRows } from './split-rows.ts'

/** Sums of squared codes fit 31 bits up to 133,152. */
export const MAX_DIM = 65536

/** Up to so many bytes of floats an index with `resident: 'auto'` keeps them. */
export const RESIDENT_LIMIT: number = SMALL_INDEX

export interface ExactIndexOptions {
  readonly metric: Metric
  /** Numbers in a vector, at most MAX_DIM. */
  readonly dim: number
  /** Keep the float rows, instead of int8 codes. 'auto', the default: while they take at most RESIDENT_LIMIT bytes. */
  readonly resident?: boolean | 'auto'
  /** Space to take at once. */
  readonly expectedRows?: number
  /** WASM where it runs, unless told otherwise. */
  readonly kernels?: KernelKind
}

/** Answers exactly by looking at every row: a bound for each, from one pass over small codes. */
export function createExactIndex(options: ExactIndexOptions): VectorIndex {
  const { dim, expectedRows = 0, kernels, resident = 'auto' } = options
  const metric = requireMetric(options.metric)
  checkDim(dim)
  const floats = resident === 'auto' ? expectedRows * dim * 4 <= RESIDENT_LIMIT : resident
  const rows = floats
    ? new FloatRows(metric, dim, expectedRows, kernels)
    : codedRows(metric, dim, expectedRows, kernels)
  return new ExactIndex(metric, dim, rows, 0, floats && resident === 'auto', kernels)
}

function codedRows(
  metric: Metric,
  dim: number,
  expectedRows: number,
  kernels: KernelKind | undefined,
): Rows {
  const Form = dim < SPLIT_DIM ? CodeRows : SplitRows
  return new Form(metric, dim, expectedRows, kernels)
}

function checkDim(dim: number): void {
  if (!Number.isInteger(dim) || dim < 1 || dim > MAX_DIM) {
    throw new RangeError(`vectors of ${dim} numbers, an index takes 1 to ${MAX_DIM}`)
  }
}

export class ExactIndex implements VectorIndex {
  readonly kind = 'exact'
  readonly metric: Metric
  readonly dim: number
  readonly #kernels: KernelKind | undefined
  readonly #candidates = new CandidateSet()
  #held: Rows | undefined
  #count: number
  #mayConvert: boolean

  /** `mayConvert`: the rows are floats, and become codes when they outgrow RESIDENT_LIMIT. */
  constructor(
    metric: Metric,
    dim: number,
    rows: Rows,
    count: number,
    mayConvert: boolean,
    kernels: KernelKind | undefined,
  ) {
    this.metric = metric
    this.dim = dim
    this.#held = rows
    this.#count = count
    this.#mayConvert = mayConvert
    this.#kernels = kernels
  }

  get positions(): number {
    return this.#rows.positions
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#rows.bytes
  }

  get resident(): boolean {
    return this.#rows.resident
  }

  /** Copying floats is all that a resident one takes; the codes of many rows are computed. */
  get worthSaving(): boolean {
    return !this.resident
  }

  stage(rows: number): Float32Array {
    if (this.#mayConvert && (this.positions + rows) * this.dim * 4 > RESIDENT_LIMIT) this.#convert()
    return this.#rows.stage(rows)
  }

  append(rows: number): number {
    const first = this.#rows.positions
    this.#rows.append(rows)
    this.#count += rows
    return first
  }

  remove(position: number): void {
    this.#checkPosition(position)
    if (!this.#rows.isLive(position)) return
    this.#rows.remove(position)
    this.#count--
  }

  isLive(position: number): boolean {
    return position >= 0 && position < this.positions && this.#rows.isLive(position)
  }

  moveLast(to: number): void {
    this.#checkPosition(to)
    const last = this.positions - 1
    if (this.#rows.isLive(to) || !this.#rows.isLive(last)) {
      throw new RangeError(`the last position (${last}) must be alive and position ${to} dead`)
    }
    this.#rows.moveLast(to)
  }

  search(request: SearchRequest): Candidates {
    const { allowed, k, maxSimilarity = Infinity, minSimilarity = -Infinity, query } = request
    const rows = this.#rows
    const candidates = this.#candidates
    const { positions } = rows
    if (query.length !== this.dim) {
      throw new RangeError(`a query of ${query.length} numbers for vectors of ${this.dim}`)
    }
    if (!(k >= 1)) throw new RangeError(`k is ${k}, must be at least 1`)
    if (allowed && allowed.length * 32 < positions) {
      throw new RangeError(`a bitmap of ${allowed.length * 32} bits for ${positions} positions`)
    }
    candidates.begin(k < this.#count ? k : 0, minSimilarity, maxSimilarity)
    if (!rows.setQuery(query) || minSimilarity > maxSimilarity) return candidates
    const scan = (from: number, to: number): number => {
      const visits = allowed ? this.#copyAllowed(allowed, from, to) : to - from
      if (visits === 0) return 0
      candidates.visited += visits
      const words = allowed ? ALLOWED : 0
      const hits = rows.scan(from, to, candidates.least, maxSimilarity, words)
      if (hits > 0) candidates.take(rows.arena, hits)
      return hits
    }
    // Until the threshold has risen everything is a hit: a sample of all stretches first.
    const sample = Math.min(MAX_HITS, Math.ceil(k / 16) * 32)
    const stretches = Math.ceil(positions / MAX_HITS)
    const order: { stretch: number; best: number }[] = []
    for (let stretch = 0; stretch < stretches; stretch++) {
      const from = stretch * MAX_HITS
      const hits = scan(from, Math.min(positions, from + sample))
      order.push({ stretch, best: bestOf(rows.arena, hits) })
    }
    order.sort((a, b) => b.best - a.best)
    // The first steps are short: what they find spares the later ones.
    let length = sample
    for (const { stretch } of order) {
      const to = Math.min(positions, (stretch + 1) * MAX_HITS)
      for (let from = stretch * MAX_HITS + sample; from < to; from += length) {
        length = Math.min(MAX_HITS, length * 2)
        scan(from, Math.min(to, from + length))
      }
    }
    candidates.finish()
    return candidates
  }

  similarity(position: number): number {
    this.#checkPosition(position)
    return this.#rows.similarity(position)
  }

  row(position: number): Float32Array {
    this.#checkPosition(position)
    const rows = this.#rows
    if (!rows.row) throw new RangeError('an index of codes has no floats')
    return rows.row(position)
  }

  /** Encodes the vector behind the last row, compares, and takes it off again. */
  holds(position: number, vector: Float32Array): boolean {
    this.#checkPosition(position)
    if (vector.length !== this.dim) return false
    const rows = this.#rows
    rows.stage(1).set(vector)
    rows.append(1)
    const same = rows.same(position, rows.positions - 1)
    rows.moveLast(rows.positions - 1)
    return same
  }

  save(): IndexImage {
    return {
      kind: 'exact',
      metric: this.metric,
      dim: this.dim,
      positions: this.positions,
      count: this.#count,
      sections: [this.#rows.section()],
    }
  }

  dispose(): void {
    this.#held?.dispose()
    this.#held = undefined
  }

  get #rows(): Rows {
    if (!this.#held) throw new VecError('VEC_CLOSED', 'the index was used after its end')
    return this.#held
  }

  /** Copies the words of from..to-1 to where the kernels read them; how many of those rows are allowed. */
  #copyAllowed(allowed: Uint32Array, from: number, to: number): number {
    const { u32 } = this.#rows.arena
    const first = from >>> 5
    const last = (to - 1) >>> 5
    let visits = 0
    for (let word = first; word <= last; word++) {
      let bits = allowed[word]
      if (word === last && to % 32 !== 0) bits &= (1 << (to % 32)) - 1
      u32[ALLOWED / 4 + word - first] = bits
      if (bits !== 0) visits += bitCount(bits)
    }
    return visits
  }

  #convert(): void {
    const from = this.#rows as FloatRows
    const rows = codedRows(this.metric, this.dim, from.positions, this.#kernels)
    for (let at = 0; at < from.positions; at++) {
      rows.stage(1).set(from.row(at))
      rows.append(1)
      if (!from.isLive(at)) rows.remove(at)
    }
    from.dispose()
    this.#held = rows
    this.#mayConvert = false
  }

  #checkPosition(position: number): void {
    if (!(position >= 0 && position < this.positions)) {
      throw new RangeError(`position ${position} of ${this.positions}`)
    }
  }
}

function bitCount(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x55555555)
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333)
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

function bestOf({ f64 }: Arena, hits: number): number {
  let best = -Number.MAX_VALUE
  for (let i = 0; i < hits; i++) best = Math.max(best, f64[HITS / 8 + i])
  return best
}
