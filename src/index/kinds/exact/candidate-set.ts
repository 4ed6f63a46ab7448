import { MAX_RESULTS } from '../../../accelerators/kernels.ts'
import { BoundedHeap } from '../../../core/bounded-heap.ts'
import { grown } from '../../../core/grown.ts'
import { sortByBound } from '../../../core/sort-by-bound.ts'
import type { Candidates } from '../../vector-index.ts'
import type { ScanMemory } from './row-scan.ts'
import type { FoundRows } from './threads/scan-board.ts'

// Searches are synchronous, so one heap serves all that run one after the other.
const shared = new BoundedHeap()

/** The rows that can still be among the k best, during a search and after it. */
export class CandidateSet implements Candidates {
  count = 0
  positions: Uint32Array = new Uint32Array(32)
  upper: Float64Array = new Float64Array(32)
  visited = 0
  /** A row whose upper bound is below this cannot be among the k best. */
  least: number = -Infinity
  #min = -Infinity
  #max = Infinity
  readonly #best: BoundedHeap

  /** `best`: a heap of its own for searches that run at the same time. */
  constructor(best: BoundedHeap = shared) {
    this.#best = best
  }

  /** k = 0: no threshold; every row in range is a candidate. */
  begin(k: number, min: number, max: number): void {
    this.count = 0
    this.visited = 0
    this.least = min
    this.#min = min
    this.#max = max
    this.#best.begin(k)
  }

  /** Takes the results of a scan from an address. Only rows that are certainly in range may raise the threshold. */
  take({ f64, u32 }: ScanMemory, address: number, results: number): void {
    const best = this.#best
    const lowers = address / 8
    const uppers = lowers + MAX_RESULTS
    const places = address / 4 + 4 * MAX_RESULTS
    if (this.count + results > this.positions.length) this.#makeRoom(results)
    const { positions, upper } = this
    const min = this.#min
    const max = this.#max
    let count = this.count
    let least = this.least
    for (let i = 0; i < results; i++) {
      const high = f64[uppers + i]
      if (high < least) continue
      upper[count] = high
      positions[count++] = u32[places + i]
      const low = f64[lowers + i]
      if (low >= min && high <= max) {
        best.push(low)
        if (best.threshold > least) least = best.threshold
      }
    }
    this.count = count
    this.least = least
  }

  /** The best lower bounds so far, at most k. A view: gone after the next call. */
  get best(): Float64Array {
    return this.#best.values
  }

  /** Another thread knows that a row below cannot be among the k best. */
  raise(least: number): void {
    if (least > this.least) this.least = least
  }

  /** Results begin..end-1 of another thread, as `take` has those of a scan. */
  merge(found: FoundRows, begin: number, end: number): void {
    const best = this.#best
    if (this.count + end - begin > this.positions.length) this.#makeRoom(end - begin)
    for (let i = begin; i < end; i++) {
      const high = found.upper[i]
      if (high < this.least) continue
      this.upper[this.count] = high
      this.positions[this.count++] = found.positions[i]
      const low = found.lower[i]
      if (low < this.#min || high > this.#max) continue
      best.push(low)
      this.raise(best.threshold)
    }
  }

  /** All results begin..end-1 of another thread, sorted, in place of those so far. */
  copy(found: FoundRows, begin: number, end: number): void {
    this.count = end - begin
    this.positions = found.positions.slice(begin, end)
    this.upper = found.upper.slice(begin, end)
  }

  /** Removes rows that can no longer win. Sorts the others by upper bound, best first, equal ones by position. */
  finish(): void {
    this.#prune()
    sortByBound(this.upper, this.positions, this.count)
  }

  #prune(): void {
    const { positions, upper, least } = this
    let kept = 0
    for (let i = 0; i < this.count; i++) {
      if (upper[i] < least) continue
      upper[kept] = upper[i]
      positions[kept++] = positions[i]
    }
    this.count = kept
  }

  #makeRoom(results: number): void {
    this.#prune()
    const need = this.count + results
    if (need <= this.positions.length) return
    const size = Math.max(need, Math.ceil(this.positions.length * 1.5))
    this.positions = grown(this.positions, size)
    this.upper = grown(this.upper, size)
  }
}
