import { HITS } from '../../../accelerators/arena.ts'
import type { Arena } from '../../../accelerators/arena.ts'
import { MAX_HITS } from '../../../accelerators/kernels.ts'
import type { Candidates } from '../../vector-index.ts'
import { LowerBounds } from './lower-bounds.ts'

// Searches are synchronous: one heap serves all indexes.
const best = new LowerBounds()

/** The rows that can still be among the k best, while a search runs and after it. */
export class CandidateSet implements Candidates {
  count = 0
  positions: Uint32Array = new Uint32Array(32)
  upper: Float64Array = new Float64Array(32)
  visited = 0
  /** A row whose upper bound is below cannot be among the k best. */
  least: number = -Infinity
  #min = -Infinity
  #max = Infinity

  /** k = 0: no threshold, every row in range is wanted. */
  begin(k: number, min: number, max: number): void {
    this.count = 0
    this.visited = 0
    this.least = min
    this.#min = min
    this.#max = max
    best.begin(k)
  }

  /** The hits of a scan. Only rows surely inside the range may raise the threshold. */
  take(arena: Arena, hits: number): void {
    const { f64, u32 } = arena
    const lowers = HITS / 8
    const uppers = lowers + MAX_HITS
    const places = HITS / 4 + 4 * MAX_HITS
    if (this.count + hits > this.positions.length) this.#makeRoom(hits)
    const { positions, upper } = this
    const min = this.#min
    const max = this.#max
    let count = this.count
    let least = this.least
    for (let i = 0; i < hits; i++) {
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

  /** Leaves what can still win, best upper bound first, equal ones by position. */
  finish(): void {
    this.#prune()
    this.#sort()
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

  #makeRoom(hits: number): void {
    this.#prune()
    const need = this.count + hits
    if (need <= this.positions.length) return
    const size = Math.max(need, Math.ceil(this.positions.length * 1.5))
    const positions = new Uint32Array(size)
    const upper = new Float64Array(size)
    positions.set(this.positions.subarray(0, this.count))
    upper.set(this.upper.subarray(0, this.count))
    this.positions = positions
    this.upper = upper
  }

  // Heapsort: no allocation, no bad case.
  #sort(): void {
    const { count } = this
    for (let i = (count >>> 1) - 1; i >= 0; i--) this.#sink(i, count)
    for (let end = count - 1; end > 0; end--) {
      const bound = this.upper[0]
      const position = this.positions[0]
      this.upper[0] = this.upper[end]
      this.positions[0] = this.positions[end]
      this.upper[end] = bound
      this.positions[end] = position
      this.#sink(0, end)
    }
  }

  #sink(from: number, end: number): void {
    const { positions, upper } = this
    const bound = upper[from]
    const position = positions[from]
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= end) break
      const right = child + 1
      if (right < end && isAfter(upper[right], positions[right], upper[child], positions[child])) {
        child = right
      }
      if (!isAfter(upper[child], positions[child], bound, position)) break
      upper[at] = upper[child]
      positions[at] = positions[child]
      at = child
    }
    upper[at] = bound
    positions[at] = position
  }
}

function isAfter(bound: number, position: number, other: number, otherPosition: number): boolean {
  return bound < other || (bound === other && position > otherPosition)
}
