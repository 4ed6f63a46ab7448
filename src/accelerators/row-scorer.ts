import { unknownMetric, type Metric } from '../core/metric.ts'
import { magnitude } from '../core/similarity.ts'
import { sharedArena } from './arena.ts'
import type { Arena, Block } from './arena.ts'
import type { KernelKind } from './kernels.ts'

/** Exact similarities (src/core/similarity.ts, to the bit) of rows that are handed over in batches. */
export interface RowScorer {
  /** `dim` numbers, copied. */
  setQuery(query: Float32Array): void
  /** Space for `rows` vectors, row-major. A view: gone after the next call of anything that uses kernels. */
  stage(rows: number): Float32Array
  /** The similarities of the first `rows` staged vectors. A view, as above. */
  score(rows: number): Float64Array
  dispose(): void
}

export function createRowScorer(metric: Metric, dim: number, kernels?: KernelKind): RowScorer {
  return new KernelRowScorer(metric, dim, sharedArena(kernels))
}

class KernelRowScorer implements RowScorer {
  readonly #metric: Metric
  readonly #dim: number
  readonly #arena: Arena
  readonly #query: Block
  #rows: Block
  #scores: Block
  #queryLength = 0

  constructor(metric: Metric, dim: number, arena: Arena) {
    this.#metric = metric
    this.#dim = dim
    this.#arena = arena
    this.#query = arena.allocate(dim * 4)
    this.#rows = arena.allocate(dim * 4)
    this.#scores = arena.allocate(8)
  }

  setQuery(query: Float32Array): void {
    if (query.length !== this.#dim) {
      throw new RangeError(`a query of ${query.length} numbers for rows of ${this.#dim}`)
    }
    this.#arena.f32.set(query, this.#query.address / 4)
    this.#queryLength = magnitude(query)
  }

  stage(rows: number): Float32Array {
    this.#rows = reserve(this.#rows, rows * this.#dim * 4)
    this.#scores = reserve(this.#scores, rows * 8)
    const from = this.#rows.address / 4
    return this.#arena.f32.subarray(from, from + rows * this.#dim)
  }

  score(rows: number): Float64Array {
    const { kernels } = this.#arena
    const from = this.#rows.address
    const out = this.#scores.address
    const dim = this.#dim
    switch (this.#metric) {
      case 'cosine':
        kernels.exactCosine(from, dim * 4, rows, dim, this.#query.address, this.#queryLength, out)
        break
      case 'euclidean':
        kernels.exactEuclidean(from, dim * 4, rows, dim, this.#query.address, out)
        break
      case 'dot':
        kernels.exactDot(from, dim * 4, rows, dim, this.#query.address, out)
        break
      default:
        unknownMetric(this.#metric)
    }
    return this.#arena.f64.subarray(out / 8, out / 8 + rows)
  }

  dispose(): void {
    this.#scores.free()
    this.#rows.free()
    this.#query.free()
  }
}

/** A block of at least `bytes`; what was in it is not kept. */
function reserve(block: Block, bytes: number): Block {
  if (bytes <= block.size) return block
  block.free()
  return block.arena.allocate(bytes)
}
