/** The k smallest squares seen; `largest` of them is what a further one has to beat. */
export class SmallestSquares {
  #heap = new Float64Array(64)
  #size = 0
  #k = 0

  get bytes(): number {
    return this.#heap.byteLength
  }

  /** Infinity: all are wanted, and none has to be beaten. */
  reset(k: number): void {
    this.#k = k
    this.#size = 0
  }

  /** The k-th smallest square; Infinity until there are k. */
  get largest(): number {
    return this.#size < this.#k ? Infinity : this.#heap[0]
  }

  add(square: number): void {
    if (this.#k === Infinity) return
    if (this.#size < this.#k) this.#push(square)
    else if (square < this.#heap[0]) this.#replace(square)
  }

  #push(square: number): void {
    if (this.#size === this.#heap.length) {
      const heap = new Float64Array(this.#heap.length * 2)
      heap.set(this.#heap)
      this.#heap = heap
    }
    const heap = this.#heap
    let at = this.#size++
    while (at > 0) {
      const up = (at - 1) >>> 1
      if (heap[up] >= square) break
      heap[at] = heap[up]
      at = up
    }
    heap[at] = square
  }

  #replace(square: number): void {
    const heap = this.#heap
    const size = this.#size
    let at = 0
    for (;;) {
      let down = 2 * at + 1
      if (down >= size) break
      if (down + 1 < size && heap[down + 1] > heap[down]) down++
      if (heap[down] <= square) break
      heap[at] = heap[down]
      at = down
    }
    heap[at] = square
  }
}
