import { metricOf, type Metric } from '../core/metric.ts'
import type { ScoreForm } from '../core/metrics/definition.ts'
import { magnitude } from '../core/similarity.ts'
import type { Accelerator } from './accelerator.ts'
import { sharedArena } from './arena.ts'
import type { Arena, Block } from './arena.ts'
import type { ScoreRequest } from './kernels.ts'

/** Exact similarities (src/core/similarity.ts, to the bit) of rows in batches. */
export interface RowScorer {
  /** Sets the query: `dim` numbers, which are copied. */
  setQuery(query: Float32Array): void
  /** Space for `rows` vectors, row-major. It is a view, invalid after the next call that uses kernels. */
  stage(rows: number): Float32Array
  /** The similarities of the first `rows` staged vectors. A view, as above. */
  score(rows: number): Float64Array
  dispose(): void
}

export function createRowScorer(metric: Metric, dim: number, accelerator?: Accelerator): RowScorer {
  return new KernelRowScorer(metricOf(metric).kernels.score, dim, sharedArena(accelerator))
}

class KernelRowScorer implements RowScorer {
  readonly #form: ScoreForm
  readonly #arena: Arena
  readonly #query: Block
  readonly #request: ScoreRequest
  #rows: Block
  #scores: Block

  constructor(form: ScoreForm, dim: number, arena: Arena) {
    this.#form = form
    this.#arena = arena
    this.#query = arena.allocate(dim * 4)
    this.#rows = arena.allocate(dim * 4)
    this.#scores = arena.allocate(8)
    const query = this.#query.address
    this.#request = { rows: 0, stride: dim * 4, count: 0, dim, query, queryLength: 0, out: 0 }
  }

  setQuery(query: Float32Array): void {
    const { dim } = this.#request
    if (query.length !== dim) {
      throw new RangeError(`the query has ${query.length} dimensions, the rows have ${dim}`)
    }
    this.#arena.f32.set(query, this.#query.address / 4)
    this.#request.queryLength = magnitude(query)
  }

  stage(rows: number): Float32Array {
    const { dim } = this.#request
    this.#rows = reserve(this.#rows, rows * dim * 4)
    this.#scores = reserve(this.#scores, rows * 8)
    const from = this.#rows.address / 4
    return this.#arena.f32.subarray(from, from + rows * dim)
  }

  score(rows: number): Float64Array {
    const request = this.#request
    const out = this.#scores.address
    request.rows = this.#rows.address
    request.count = rows
    request.out = out
    this.#arena.kernels.score[this.#form](request)
    return this.#arena.f64.subarray(out / 8, out / 8 + rows)
  }

  dispose(): void {
    this.#scores.free()
    this.#rows.free()
    this.#query.free()
  }
}

/** A block of at least `bytes`; its old contents are lost. */
function reserve(block: Block, bytes: number): Block {
  if (bytes <= block.size) return block
  block.free()
  return block.arena.allocate(bytes)
}
