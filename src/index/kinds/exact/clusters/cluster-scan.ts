import type { CandidateSet } from '../candidate-set.ts'
import { ALLOWED, RESULTS } from '../scan-scratch.ts'
import type { ClusteredRows } from './clustered-rows.ts'

/** Scans the rows of single clusters for one search. */
export class ClusterScan {
  readonly #clustered: ClusteredRows
  readonly #candidates: CandidateSet

  constructor(clustered: ClusteredRows, candidates: CandidateSet) {
    this.#clustered = clustered
    this.#candidates = candidates
  }

  /** Takes the rows of a cluster that can be among the best. */
  visit(cluster: number, most: number, allowed: Uint32Array | undefined): void {
    const { rows } = this.#clustered
    const candidates = this.#candidates
    this.#clustered.eachRun(cluster, (from, to) => {
      if (allowed && !this.#allow(allowed, from, to)) return
      candidates.visited += to - from
      const found = rows.scan(from, to, candidates.least, most, allowed ? ALLOWED : 0)
      if (found > 0) candidates.take(rows.block.arena, RESULTS, found)
    })
  }

  /** Ends a search: its candidates are sorted, and have positions of the index in place of slots. */
  finish(): void {
    const candidates = this.#candidates
    const { positions } = candidates
    for (let i = 0; i < candidates.count; i++) {
      positions[i] = this.#clustered.positionOf(positions[i])
    }
    candidates.finish()
  }

  /** Writes the bitmap of the slots from..to-1 to where kernels read it; whether any is set. */
  #allow(allowed: Uint32Array, from: number, to: number): boolean {
    const clustered = this.#clustered
    const { u32 } = clustered.rows.block.arena
    let any = 0
    for (let first = from; first < to; first += 32) {
      let bits = 0
      const end = Math.min(to, first + 32)
      for (let slot = first; slot < end; slot++) {
        const position = clustered.positionOf(slot)
        if ((allowed[position >>> 5] & (1 << (position & 31))) !== 0) bits |= 1 << (slot & 31)
      }
      u32[ALLOWED / 4 + ((first - from) >>> 5)] = bits
      any |= bits
    }
    return any !== 0
  }
}
