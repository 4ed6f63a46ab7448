/**
 * Free ranges in order of address. Neighbors are merged, so that bytes freed in pieces can be allocated in one block.
 */
export class FreeRanges {
  readonly #starts: number[] = []
  readonly #ends: number[] = []

  /** Takes the first `size` contiguous free bytes, and returns their address. */
  take(size: number): number | undefined {
    for (let i = 0; i < this.#starts.length; i++) {
      const start = this.#starts[i]
      if (this.#ends[i] - start < size) continue
      this.#cut(i, size)
      return start
    }
    return undefined
  }

  /** Takes the `size` bytes from an address; returns false when not all of them are free. */
  takeAt(address: number, size: number): boolean {
    const i = this.#find(address)
    if (this.#starts[i] !== address || this.#ends[i] - address < size) return false
    this.#cut(i, size)
    return true
  }

  /** Removes the range that ends at an address, and returns its start. */
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
