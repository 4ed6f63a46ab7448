import { grown } from './grown.ts'

/** The k largest of the pushed numbers: a heap with the smallest of them on top. */
export class BoundedHeap {
  /** The k-th largest number so far. -Infinity while there are fewer than k (always, for k = 0). */
  threshold: number = -Infinity
  #heap = new Float64Array(64)
  #size = 0
  #k = 0

  get bytes(): number {
    return this.#heap.byteLength
  }

  /** The numbers that are kept, in no order. A view: gone after the next push. */
  get values(): Float64Array {
    return this.#heap.subarray(0, this.#size)
  }

  begin(k: number): void {
    this.#k = k
    this.#size = 0
    this.threshold = -Infinity
  }

  push(value: number): void {
    if (this.#size < this.#k) this.#add(value)
    else if (value > this.threshold) this.#replaceTop(value)
  }

  #add(value: number): void {
    if (this.#size === this.#heap.length) {
      this.#heap = grown(this.#heap, this.#size * 2)
    }
    const heap = this.#heap
    let at = this.#size++
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (heap[parent] <= value) break
      heap[at] = heap[parent]
      at = parent
    }
    heap[at] = value
    if (this.#size === this.#k) this.threshold = heap[0]
  }

  #replaceTop(value: number): void {
    const size = this.#size
    if (size === 0) return
    const heap = this.#heap
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && heap[child + 1] < heap[child]) child++
      if (heap[child] >= value) break
      heap[at] = heap[child]
      at = child
    }
    heap[at] = value
    this.threshold = heap[0]
  }
}
