/** Ranges of free bytes in order of address, neighbours joined, so that what was freed in pieces is given out in one. */
export class FreeRanges {
  readonly #starts: number[] = []
  readonly #ends: number[] = []

  /** The first `size` bytes that are free in one piece; where they are. */
  take(size: number): number | undefined {
    for (let i = 0; i < this.#starts.length; i++) {
      const start = this.#starts[i]
      if (this.#ends[i] - start < size) continue
      this.#cut(i, size)
      return start
    }
    return undefined
  }

  /** The `size` bytes from an address on; false when they are not all free. */
  takeAt(address: number, size: number): boolean {
    const i = this.#find(address)
    if (this.#starts[i] !== address || this.#ends[i] - address < size) return false
    this.#cut(i, size)
    return true
  }

  /** The range that ends here, taken out; where it starts. */
  takeBefore(end: number): number | undefined {
    const last = this.#ends.length - 1
    if (last < 0 || this.#ends[last] !== end) return undefined
    this.#ends.pop()
    return this.#starts.pop()
  }

  give(start: number, end: number): void {
    const i = this.#find(start)
    const joinsLeft = i > 0 && this.#ends[i - 1] === start
    const joinsRight = this.#starts[i] === end
    if (joinsLeft && joinsRight) {
      this.#ends[i - 1] = this.#ends[i]
      this.#remove(i)
    } else if (joinsLeft) this.#ends[i - 1] = end
    else if (joinsRight) this.#starts[i] = start
    else {
      this.#starts.splice(i, 0, start)
      this.#ends.splice(i, 0, end)
    }
  }

  /** The first range that does not start before an address. */
  #find(address: number): number {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#starts[middle] < address) low = middle + 1
      else high = middle
    }
    return low
  }

  #cut(i: number, size: number): void {
    this.#starts[i] += size
    if (this.#starts[i] === this.#ends[i]) this.#remove(i)
  }

  #remove(i: number): void {
    this.#starts.splice(i, 1)
    this.#ends.splice(i, 1)
  }
}
