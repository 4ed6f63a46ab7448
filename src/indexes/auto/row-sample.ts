/** Rows drawn evenly from those that pass by, without knowing how many will come (reservoir sampling). */
export class RowSample {
  readonly #dim: number
  readonly #most: number
  #values = new Float32Array(0)
  #count = 0
  #seen = 0
  #random = 0x2545f491

  /** At most so many rows, and at most so many bytes of floats, which are fewer rows of wide vectors. */
  constructor(dim: number, rows: number, bytes: number) {
    this.#dim = dim
    this.#most = Math.max(1, Math.min(rows, Math.floor(bytes / (dim * 4))))
  }

  get bytes(): number {
    return this.#values.byteLength
  }

  /** The rows drawn so far, row-major; a view. */
  get values(): Float32Array {
    return this.#values.subarray(0, this.#count * this.#dim)
  }

  /** A row passes by: the place that it has to be put, -1 for none. */
  next(): number {
    const seen = ++this.#seen
    if (this.#count < this.#most) return this.#count++
    const place = Math.floor(this.#draw() * seen)
    return place < this.#most ? place : -1
  }

  /** Puts row `at` of `rows` where `next` said. */
  put(place: number, rows: Float32Array, at: number): void {
    const dim = this.#dim
    if (this.#values.length < this.#count * dim) this.#grow()
    this.#values.set(rows.subarray(at * dim, (at + 1) * dim), place * dim)
  }

  /** Forgets all, and begins anew. */
  clear(): void {
    this.#values = new Float32Array(0)
    this.#count = this.#seen = 0
  }

  #grow(): void {
    const rows = Math.min(this.#most, Math.max(64, this.#count * 2))
    const values = new Float32Array(rows * this.#dim)
    values.set(this.#values)
    this.#values = values
  }

  /** From 0 to below 1, by xorshift: the same rows give the same sample. */
  #draw(): number {
    let x = this.#random
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#random = x
    return (x >>> 0) / 2 ** 32
  }
}
