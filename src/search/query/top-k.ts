import { copyShort } from '../../core/copy-short.ts'
import { compareBytes } from '../../core/id-table.ts'
import { metricOf, type Metric } from '../../core/metric.ts'

/**
 * The best rows of a search, at most `limit`: higher similarity first, ties by id in byte order. While rows are added,
 * with a limit, it is a heap whose root is the worst hit, so that adding costs nothing once it has the best rows. While
 * rows are read, it is a heap whose root is the best unread row, so that reading a few of many rows does not sort all
 * of them.
 */
export class TopK {
  readonly #limit: number
  readonly #most: number
  readonly #least: number
  #count = 0
  // Plain arrays: memory for a typed array of its own takes longer than a few rows.
  readonly #similarities: number[] = []
  readonly #rowids: number[] = []
  readonly #starts: number[] = []
  readonly #lengths: number[] = []
  #pool = new Uint8Array(256)
  #used = 0
  /** Slots as a heap, the worst first; created when the limit is reached. */
  #heap: number[] | undefined
  /** Created by `ranked`: unread slots as a heap, best first, followed by the slots already read, best last. */
  #order: number[] | undefined
  #read = 0

  /** A cosine outside of its range is clamped, so that rows shown with one score tie. */
  constructor(limit: number, metric: Metric) {
    this.#limit = limit
    const { least, most } = metricOf(metric).range
    this.#most = most
    this.#least = least
  }

  get count(): number {
    return this.#count
  }

  get full(): boolean {
    return this.#count >= this.#limit
  }

  /** The similarity that a row must reach to be added; -Infinity until there are k rows. */
  get threshold(): number {
    if (!this.#heap) return -Infinity
    const worst = this.#similarities[this.#heap[0]]
    return worst > this.#least ? worst : -Infinity
  }

  /** `rowid` is NaN if unknown. */
  add(computed: number, id: Uint8Array, rowid: number): void {
    const similarity = Math.max(this.#least, Math.min(this.#most, computed))
    const heap = this.#heap
    if (heap) {
      const worst = heap[0]
      if (!this.#beats(similarity, id, worst)) return
      this.#set(worst, similarity, id, rowid)
      this.#sink(heap, heap.length, 0, WORST_FIRST)
      return
    }
    if (this.#limit === 0) return
    this.#lengths.push(0)
    this.#set(this.#count++, similarity, id, rowid)
    if (this.#count === this.#limit) this.#heap = this.#heapOf(WORST_FIRST)
  }

  /** Ends the additions. From now on, rows are numbered best first. */
  ranked(): this {
    this.#order = this.#heapOf(BEST_FIRST)
    return this
  }

  similarity(rank: number): number {
    return this.#similarities[this.#slotAt(rank)]
  }

  rowid(rank: number): number {
    return this.#rowids[this.#slotAt(rank)]
  }

  id(rank: number): Uint8Array {
    return this.#idOf(this.#slotAt(rank))
  }

  #slotAt(rank: number): number {
    const order = this.#order!
    for (; this.#read <= rank; this.#read++) {
      const last = this.#count - 1 - this.#read
      const best = order[0]
      order[0] = order[last]
      order[last] = best
      this.#sink(order, last, 0, BEST_FIRST)
    }
    return order[this.#count - 1 - rank]
  }

  #idOf(slot: number): Uint8Array {
    const start = this.#starts[slot]
    return this.#pool.subarray(start, start + this.#lengths[slot])
  }

  #beats(similarity: number, id: Uint8Array, slot: number): boolean {
    const other = this.#similarities[slot]
    if (similarity !== other) return similarity > other
    return compareBytes(id, this.#idOf(slot)) < 0
  }

  #set(slot: number, similarity: number, id: Uint8Array, rowid: number): void {
    this.#similarities[slot] = similarity
    this.#rowids[slot] = rowid
    if (id.length > this.#lengths[slot]) {
      if (this.#used + id.length > this.#pool.length) {
        const pool = new Uint8Array(Math.max(this.#pool.length * 2, this.#used + id.length))
        pool.set(this.#pool.subarray(0, this.#used))
        this.#pool = pool
      }
      this.#starts[slot] = this.#used
      this.#used += id.length
    }
    this.#lengths[slot] = id.length
    copyShort(id, 0, id.length, this.#pool, this.#starts[slot])
  }

  #heapOf(first: number): number[] {
    const heap: number[] = []
    for (let slot = 0; slot < this.#count; slot++) heap.push(slot)
    for (let i = (heap.length >> 1) - 1; i >= 0; i--) this.#sink(heap, heap.length, i, first)
    return heap
  }

  #sink(heap: number[], size: number, from: number, first: number): void {
    if (size <= from) return
    const similarities = this.#similarities
    const slot = heap[from]
    const own = similarities[slot]
    let i = from
    for (;;) {
      let child = 2 * i + 1
      if (child >= size) break
      let up = heap[child]
      let similarity = similarities[up]
      if (child + 1 < size) {
        const other = heap[child + 1]
        const difference = similarity - similarities[other]
        if (difference === 0 ? this.#tie(other, up) * first > 0 : difference * first > 0) {
          child++
          up = other
          similarity = similarities[up]
        }
      }
      const difference = own - similarity
      if (difference === 0 ? this.#tie(up, slot) * first <= 0 : difference * first < 0) break
      heap[i] = up
      i = child
    }
    heap[i] = slot
  }

  /** Negative if `a` is the better of two rows with the same similarity. */
  #tie(a: number, b: number): number {
    return compareBytes(this.#idOf(a), this.#idOf(b))
  }
}

/** Multiplied by a difference, it gives a positive number for the row that belongs higher up in a heap. */
const WORST_FIRST = 1
const BEST_FIRST = -1
