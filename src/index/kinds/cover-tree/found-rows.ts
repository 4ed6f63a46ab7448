import { grown } from '../../../core/grown.ts'

/** Positions and keys of rows that may be in the result. The arrays are reused. */
export class FoundRows {
  positions: Uint32Array = new Uint32Array(256)
  keys: Float64Array = new Float64Array(256)
  count = 0

  get bytes(): number {
    return this.positions.byteLength + this.keys.byteLength
  }

  add(position: number, key: number, cut: number): void {
    if (this.count === this.positions.length) this.#makeSpace(cut)
    this.positions[this.count] = position
    this.keys[this.count++] = key
  }

  /** Drops the rows whose key is above `cut`. */
  keep(cut: number): void {
    const { positions, keys } = this
    let kept = 0
    for (let i = 0; i < this.count; i++) {
      if (keys[i] > cut) continue
      positions[kept] = positions[i]
      keys[kept++] = keys[i]
    }
    this.count = kept
  }

  #makeSpace(cut: number): void {
    this.keep(cut)
    if (this.count < this.positions.length / 2) return
    const size = this.positions.length * 2
    this.positions = grown(this.positions, size)
    this.keys = grown(this.keys, size)
  }
}
