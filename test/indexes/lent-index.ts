import assert from 'node:assert/strict'
import type { Metric } from '../../src/core/metric.ts'
import { restoreExactIndex } from '../../src/index/kinds/exact/restore.ts'
import type {
  Candidates,
  IndexImage,
  SearchRequest,
  VectorIndex,
} from '../../src/index/vector-index.ts'

/** Changes after which the lender lends its rows again. */
const AGAIN = 40

/**
 * An index that lends its rows before the first search, and two that borrow them, as other threads do. Each keeps its changes
 * beside the rows. They answer by turns.
 */
export class LentIndex implements VectorIndex {
  readonly kind = 'exact'
  readonly metric: Metric
  readonly dim: number
  readonly #lender: VectorIndex
  #borrowers: VectorIndex[] = []
  #staged: Float32Array = new Float32Array(0)
  #searches = 0

  constructor(lender: VectorIndex) {
    this.#lender = lender
    this.metric = lender.metric
    this.dim = lender.dim
  }

  get #all(): readonly VectorIndex[] {
    return [this.#lender, ...this.#borrowers]
  }

  get #first(): VectorIndex {
    return this.#borrowers[0] ?? this.#lender
  }

  get positions(): number {
    return this.#same(index => index.positions)
  }

  get count(): number {
    return this.#same(index => index.count)
  }

  get bytes(): number {
    return this.#lender.bytes
  }

  get worthSaving(): boolean {
    return this.#same(index => index.worthSaving)
  }

  get swapRemove(): ((to: number) => void) | undefined {
    const all = this.#all
    if (all.some(index => index.swapRemove === undefined)) return undefined
    return to => {
      for (const index of all) index.swapRemove!(to)
    }
  }

  add(vectors: Float32Array): number {
    const [first] = this.#all.map(index => index.add(vectors))
    return first
  }

  stagingBuffer(rows: number): Float32Array {
    return (this.#staged = this.#lender.stagingBuffer(rows))
  }

  commit(rows: number): number {
    const staged = this.#staged.slice(0, rows * this.dim)
    const first = this.#lender.commit(rows)
    for (const index of this.#borrowers) {
      index.stagingBuffer(rows).set(staged)
      index.commit(rows)
    }
    return first
  }

  remove(position: number): void {
    for (const index of this.#all) index.remove(position)
  }

  isLive(position: number): boolean {
    return this.#same(index => index.isLive(position))
  }

  search(request: SearchRequest): Candidates {
    this.#lend()
    const all = this.#all
    return all[this.#searches++ % all.length].search(request)
  }

  holds(position: number, vector: Float32Array): boolean {
    return this.#same(index => index.holds(position, vector))
  }

  save(): IndexImage {
    return this.#first.save()
  }

  dispose(): void {
    for (const index of this.#all) index.dispose()
  }

  #lend(): void {
    this.#lender.complete?.()
    const { lending } = this.#lender
    if (!lending || (lending.isLent && lending.changes < AGAIN)) return
    const image = lending.lend()
    if (!image) return
    for (const index of this.#borrowers) index.dispose()
    this.#borrowers = [0, 1].map(place =>
      restoreExactIndex({ ...image, lent: { ...image.lent!, place } }),
    )
  }

  #same<T>(value: (index: VectorIndex) => T): T {
    const [first, ...others] = this.#all.map(value)
    for (const other of others) assert.deepEqual(other, first)
    return first
  }
}
