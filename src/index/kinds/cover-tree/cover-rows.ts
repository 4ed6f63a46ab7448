import { grown } from '../../../core/grown.ts'
import type { CoverSpace } from './cover-space.ts'
import { dotProduct, squaredChord } from './cover-space.ts'

/** The value in `slotOf` for a position without a slot: its row is not stored. */
export const NO_SLOT = 0xffffffff

/**
 * The float rows, in slots. A new row takes the next slot. Building a tree moves rows, so that the children of a node
 * are contiguous in memory. Callers use positions, which never change.
 */
export class CoverRows {
  readonly space: CoverSpace
  readonly dim: number
  /** The numbers of slot s are `[s * dim, (s + 1) * dim)`. */
  values: Float32Array = new Float32Array(0)
  /** Cosine only: 1 / length of a slot's row, 0 for a row of length zero. */
  inverse: Float64Array = new Float64Array(0)
  /** The position of each slot. */
  order: Uint32Array = new Uint32Array(0)
  /** The slot of each position. */
  slotOf: Uint32Array = new Uint32Array(0)
  /** Bit p: position p is live. */
  live: Uint32Array = new Uint32Array(0)
  slots = 0
  positions = 0
  count = 0

  constructor(space: CoverSpace) {
    this.space = space
    this.dim = space.dim
  }

  clear(): void {
    this.values = new Float32Array(0)
    this.inverse = new Float64Array(0)
    this.order = new Uint32Array(0)
    this.slotOf = new Uint32Array(0)
    this.live = new Uint32Array(0)
    this.slots = this.positions = this.count = 0
  }

  get bytes(): number {
    const { values, inverse, order, slotOf, live } = this
    return (
      values.byteLength +
      inverse.byteLength +
      order.byteLength +
      slotOf.byteLength +
      live.byteLength
    )
  }

  /** Reserves memory for `more` rows after the last slot. */
  reserve(more: number): void {
    const slots = this.slots + more
    if (slots > this.order.length) {
      const capacity = Math.max(slots, Math.ceil(this.order.length * 1.5), 64)
      this.values = grown(this.values, capacity * this.dim)
      this.order = grown(this.order, capacity)
      if (this.space.chords) {
        this.inverse = grown(this.inverse, capacity)
      }
    }
    const positions = this.positions + more
    if (positions > this.slotOf.length) {
      const capacity = Math.max(positions, Math.ceil(this.slotOf.length * 1.5), 64)
      this.slotOf = grown(this.slotOf, capacity)
      this.live = grown(this.live, (capacity + 31) >>> 5)
    }
  }

  /** Assigns positions to the next `rows` slots, whose values are already written. */
  commit(rows: number): void {
    for (let i = 0; i < rows; i++) {
      const position = this.positions++
      const slot = this.slots++
      this.order[slot] = position
      this.slotOf[position] = slot
      this.live[position >>> 5] |= 1 << (position & 31)
      if (this.space.chords) this.inverse[slot] = this.inverseLength(slot)
    }
    this.count += rows
  }

  inverseLength(slot: number): number {
    const at = slot * this.dim
    const key = dotProduct(this.values, at, this.values, at, this.dim)
    return key === 0 ? 0 : 1 / Math.sqrt(key)
  }

  isLive(position: number): boolean {
    return position < this.positions && (this.live[position >>> 5] & (1 << (position & 31))) !== 0
  }

  remove(position: number): void {
    this.live[position >>> 5] &= ~(1 << (position & 31))
    this.count--
  }

  /** The key between the rows of two slots. */
  key(a: number, b: number): number {
    const { values, dim, space } = this
    const measured = space.measure(values, a * dim, values, b * dim)
    return space.chords ? squaredChord(measured, this.inverse[a], this.inverse[b]) : measured
  }

  /** A view of a slot's row. */
  row(slot: number): Float32Array {
    return this.values.subarray(slot * this.dim, (slot + 1) * this.dim)
  }

  /**
   * Closes the gaps from slot `start` on: tombstones give up their slots, and with chords also rows of length zero,
   * which no search can find. `rearrange` has to follow.
   */
  compact(start: number): void {
    const { dim, values, order, inverse } = this
    const cosine = this.space.chords
    let to = start
    for (let slot = start; slot < this.slots; slot++) {
      const position = order[slot]
      if (!this.isLive(position) || (cosine && inverse[slot] === 0)) {
        this.slotOf[position] = NO_SLOT
        continue
      }
      if (to !== slot) {
        values.copyWithin(to * dim, slot * dim, (slot + 1) * dim)
        order[to] = position
        if (cosine) inverse[to] = inverse[slot]
      }
      to++
    }
    this.slots = to
  }

  /** Moves rows so that slot `start + i` holds what was in slot `from[i]`. Overwrites `from`. */
  rearrange(start: number, from: Uint32Array): void {
    const { dim, values, order, inverse } = this
    const cosine = this.space.chords
    const row = new Float32Array(dim)
    for (let i = 0; i < from.length; i++) {
      if (from[i] === start + i) continue
      // One cycle of the permutation: its first row is set aside while the others move.
      row.set(values.subarray((start + i) * dim, (start + i + 1) * dim))
      const position = order[start + i]
      const inverseLength = inverse[start + i]
      let to = start + i
      for (;;) {
        const slot = from[to - start]
        from[to - start] = to
        if (slot === start + i) break
        values.copyWithin(to * dim, slot * dim, (slot + 1) * dim)
        order[to] = order[slot]
        if (cosine) inverse[to] = inverse[slot]
        to = slot
      }
      values.set(row, to * dim)
      order[to] = position
      if (cosine) inverse[to] = inverseLength
    }
    for (let i = 0; i < from.length; i++) this.slotOf[order[start + i]] = start + i
  }
}
