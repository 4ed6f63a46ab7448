import { xorshift } from '../../../core/xorshift.ts'

/**
 * A uniform sample of passing rows, whose number need not be known. A full reservoir knows how many rows to skip before
 * the next one (Li's algorithm L), so most rows cost nothing.
 */
export class Reservoir {
  readonly #dim: number
  readonly #most: number
  #values = new Float32Array(0)
  #count = 0
  /** The number of rows to skip before the next is taken. */
  #skip = 0
  #weight = 1
  #random = 0x2545f491

  /** At most `rows` rows, and at most `bytes` bytes of floats, which means fewer rows of wide vectors. */
  constructor(dim: number, rows: number, bytes: number) {
    this.#dim = dim
    this.#most = Math.max(1, Math.min(rows, Math.floor(bytes / (dim * 4))))
  }

  get bytes(): number {
    return this.#values.byteLength
  }

  /** The rows sampled so far, row-major. A view. */
  get values(): Float32Array {
    return this.#values.subarray(0, this.#count * this.#dim)
  }

  /** Lets `count` rows pass, row-major. */
  pass(rows: Float32Array, count: number): void {
    let row = this.#skip
    for (; row < count; row += 1 + this.#skip) this.#take(rows, row)
    this.#skip = row - count
  }

  /** Removes all rows, and begins again. */
  clear(): void {
    this.#values = new Float32Array(0)
    this.#count = this.#skip = 0
    this.#weight = 1
  }

  #take(rows: Float32Array, row: number): void {
    const dim = this.#dim
    const most = this.#most
    const full = this.#count === most
    const place = full ? Math.floor(this.#draw() * most) : this.#count++
    if (this.#values.length < this.#count * dim) this.#grow()
    this.#values.set(rows.subarray(row * dim, (row + 1) * dim), place * dim)
    if (this.#count < most) return
    this.#weight *= this.#draw() ** (1 / most)
    this.#skip = Math.floor(Math.log(this.#draw()) / Math.log1p(-this.#weight))
  }

  #grow(): void {
    const rows = Math.min(this.#most, Math.max(64, this.#count * 2))
    const values = new Float32Array(rows * this.#dim)
    values.set(this.#values)
    this.#values = values
  }

  /** A number above 0 and below 1, by xorshift: the same rows give the same sample. */
  #draw(): number {
    this.#random = xorshift(this.#random)
    return ((this.#random >>> 0) + 0.5) / 2 ** 32
  }
}
