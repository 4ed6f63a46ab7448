import type { CandidateSet } from '../candidate-set.ts'
import type { CodedRows } from '../rows.ts'
import { ALLOWED, RESULTS } from '../scan-scratch.ts'
import { EMPTY, type ClusterSlots } from './cluster-slots.ts'
import type { ClusteredRows, ClusterScan } from './clustered-rows.ts'

/** A copy of the rows of an index, those of a cluster together: a scan reads them in sequence. */
export class CopiedRows implements ClusteredRows {
  readonly slots: ClusterSlots
  readonly rows: CodedRows
  readonly cost = 1
  readonly #from: CodedRows

  /** `rows`: empty ones of the form of those of the index, which are `from`. */
  constructor(from: CodedRows, rows: CodedRows, slots: ClusterSlots) {
    this.#from = from
    this.rows = rows
    this.slots = slots
  }

  get bytes(): number {
    return this.rows.block.bytes + this.slots.bytes
  }

  add(position: number, cluster: number): void {
    const { rows, slots } = this
    const slot = slots.add(position, cluster)
    // Rows that are never found, for slots that are not taken yet.
    const missing = slots.size - rows.block.positions
    if (missing > 0) rows.addRemoved(missing)
    rows.copyRow(this.#from, position, slot)
  }

  remove(position: number): void {
    const slot = this.slots.remove(position)
    if (slot !== EMPTY) this.rows.remove(slot)
  }

  move(from: number, to: number): void {
    this.slots.move(from, to)
  }

  rowOf(slot: number): number | undefined {
    return this.slots.positionOf(slot) === EMPTY ? undefined : slot
  }

  scanFor(candidates: CandidateSet): ClusterScan {
    return new CopiedScan(this, candidates)
  }

  dispose(): void {
    this.rows.block.dispose()
  }
}

class CopiedScan implements ClusterScan {
  readonly #clustered: CopiedRows
  readonly #candidates: CandidateSet

  constructor(clustered: CopiedRows, candidates: CandidateSet) {
    this.#clustered = clustered
    this.#candidates = candidates
  }

  visit(cluster: number, most: number, allowed: Uint32Array | undefined): void {
    const { rows, slots } = this.#clustered
    const candidates = this.#candidates
    slots.eachRun(cluster, (from, to) => {
      if (allowed && !this.#allow(allowed, from, to)) return
      candidates.visited += to - from
      const found = rows.scan(from, to, candidates.least, most, allowed ? ALLOWED : 0)
      if (found > 0) candidates.take(rows.block.arena, RESULTS, found)
    })
  }

  finish(): void {
    const candidates = this.#candidates
    const { slots } = this.#clustered
    const { positions } = candidates
    for (let i = 0; i < candidates.count; i++) positions[i] = slots.positionOf(positions[i])
    candidates.finish()
  }

  /** Writes the bitmap of the slots from..to-1 to where kernels read it; whether any is set. */
  #allow(allowed: Uint32Array, from: number, to: number): boolean {
    const { rows, slots } = this.#clustered
    const { u32 } = rows.block.arena
    let any = 0
    for (let first = from; first < to; first += 32) {
      let bits = 0
      const end = Math.min(to, first + 32)
      for (let slot = first; slot < end; slot++) {
        const position = slots.positionOf(slot)
        if ((allowed[position >>> 5] & (1 << (position & 31))) !== 0) bits |= 1 << (slot & 31)
      }
      u32[ALLOWED / 4 + ((first - from) >>> 5)] = bits
      any |= bits
    }
    return any !== 0
  }
}
