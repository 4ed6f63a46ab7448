import { newTrial, SharedComparisons } from '#shared-scan'
import type { Arena, Block } from '../../../../accelerators/arena.ts'
import { compare, firstsOf, type Comparison, type NearestCentroids } from './comparison.ts'

/** Products that a thread keeps at once: they stay in its cache. */
const PRODUCTS = 1 << 16
/** Parts of what is compared at once, so that threads end at about the same time. */
const PARTS = 8

/** Compares staged vectors with centroids, on the threads of the pool where they make it faster. */
export class Comparer {
  readonly #arena: Arena
  readonly #dim: number
  /** Vectors that are compared in one turn, a multiple of 4: so many the kernel takes at once. */
  readonly #turnRows: number
  /** A part for each thread. */
  readonly #products: Block
  readonly #productBytes: number
  readonly #found: NearestCentroids
  readonly #trial = newTrial()

  /** At most `rows` vectors are compared at once, each of them with at most `count` centroids. */
  constructor(arena: Arena, dim: number, rows: number, count: number) {
    this.#arena = arena
    this.#dim = dim
    const most = Math.min(PRODUCTS / count, rows / PARTS)
    this.#turnRows = Math.max(4, Math.floor(most / 4) * 4)
    this.#productBytes = this.#turnRows * count * 4
    this.#products = arena.allocate(arena.threads * this.#productBytes)
    this.#found = { nearest: new Uint32Array(rows), dots: new Float64Array(rows) }
  }

  /** The results are in the order of the vectors, and gone after the next call. */
  run(comparisons: readonly Comparison[]): NearestCentroids {
    const turns = comparisons.flatMap(each => [...this.#parts(each)])
    const firsts = firstsOf(turns)
    const numbers = turns.reduce((sum, { count, rows }) => sum + count * rows, 0)
    const start = performance.now()
    const helped = this.#trial?.pick() ?? false
    const shared = helped ? this.#shared(turns, numbers) : undefined
    if (shared) this.#share(shared, turns, firsts)
    else for (const [i, turn] of turns.entries()) this.#compare(turn, firsts[i])
    if (helped === (shared !== undefined))
      this.#trial?.add(helped, (performance.now() - start) / numbers)
    return this.#found
  }

  #shared(turns: readonly Comparison[], numbers: number): SharedComparisons | undefined {
    const space = { products: this.#products.address, productBytes: this.#productBytes }
    return SharedComparisons.of(this.#arena, { dim: this.#dim, ...space, turns }, numbers)
  }

  *#parts(whole: Comparison): Generator<Comparison> {
    for (let first = 0; first < whole.rows; first += this.#turnRows) {
      const rows = Math.min(this.#turnRows, whole.rows - first)
      yield { ...whole, vectors: whole.vectors + first * this.#dim * 4, rows }
    }
  }

  #share(shared: SharedComparisons, turns: readonly Comparison[], firsts: readonly number[]): void {
    const start = performance.now()
    let own = 0
    for (let turn = shared.take(); turn >= 0; turn = shared.take()) {
      this.#compare(turns[turn], firsts[turn])
      own++
    }
    // A thread needs as long for a turn as this one, unless it is interrupted: then this one does it again.
    const now = performance.now()
    const patience = now + (now - start) / Math.max(own, 1)
    for (const [turn, { rows }] of turns.entries()) {
      while (!shared.isDone(turn) && performance.now() < patience);
      if (shared.handIn(turn)) this.#compare(turns[turn], firsts[turn])
      else shared.merge(turn, this.#found, firsts[turn], rows)
    }
  }

  #compare(turn: Comparison, first: number): void {
    compare(this.#arena, turn, this.#dim, this.#products.address, this.#found, first)
  }
}
