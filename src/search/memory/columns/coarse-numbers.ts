import { ByteSet } from '../../../accelerators/byte-set.ts'
import type { NumberRange } from './column-test.ts'

/** In place of the number of a bucket: the cell is not a number. */
const NO_BUCKET = 255
const MOST_BUCKETS = 255
/** Cells that decide where the buckets begin. */
const SAMPLES = 255 * 16

/**
 * Numbers by position, one byte each: in which bucket of neighbouring numbers a number is. A range takes in whole buckets, and
 * a part of a few: only the cells of those are read. Buckets hold about as many cells each when they are made; rows that come
 * later may fill them unevenly, which costs time and changes no answer.
 */
export class CoarseNumbers {
  /** The lowest number of each bucket but the first. */
  readonly #starts: Float64Array
  readonly #lowest: Float64Array
  readonly #highest: Float64Array
  #buckets: Uint8Array
  /** Cells that were set since it was made. */
  #later = 0

  constructor(cells: Int32Array | Float64Array, none: number, count: number) {
    this.#starts = startsOf(cells, none, count)
    this.#lowest = new Float64Array(MOST_BUCKETS).fill(Infinity)
    this.#highest = new Float64Array(MOST_BUCKETS).fill(-Infinity)
    this.#buckets = new Uint8Array(count)
    for (let position = 0; position < count; position++) {
      const cell = cells[position]
      this.#buckets[position] = isNone(cell, none) ? NO_BUCKET : this.#take(cell)
    }
  }

  get bytes(): number {
    return this.#buckets.byteLength + this.#starts.byteLength + 2 * this.#lowest.byteLength
  }

  /** Most cells came after the buckets were made. */
  get outgrown(): boolean {
    return this.#later * 2 > this.#buckets.length
  }

  /** `number` undefined: it is not a number. */
  set(position: number, number: number | undefined): void {
    if (position >= this.#buckets.length) {
      const longer = new Uint8Array(Math.ceil(position * 1.5) + 16)
      longer.set(this.#buckets)
      this.#buckets = longer
    }
    this.#buckets[position] = number === undefined ? NO_BUCKET : this.#take(number)
    this.#later++
  }

  /**
   * Sets the bits of the positions in a range, and of those without a number if `none`, in `words`, which are zero.
   * `refine` sets the bits of those positions of a bitmap that are in a range: positions whose bucket is in one in part.
   */
  select(
    { none, ranges }: { readonly none: boolean; readonly ranges: readonly NumberRange[] },
    words: Uint32Array,
    count: number,
    refine: (maybe: Uint32Array, words: Uint32Array) => void,
  ): void {
    const whole = new ByteSet()
    const parts = new ByteSet()
    for (let bucket = 0; bucket <= this.#starts.length; bucket++) {
      const lowest = this.#lowest[bucket]
      const highest = this.#highest[bucket]
      const touching = ranges.filter(([low, high]) => low <= highest && lowest <= high)
      if (touching.some(([low, high]) => low <= lowest && highest <= high)) whole.add(bucket)
      else if (touching.length > 0) parts.add(bucket)
    }
    if (none) whole.add(NO_BUCKET)
    const maybe = new Uint32Array(parts.size === 0 ? 0 : words.length)
    ByteSet.selectAll(this.#buckets, count, [
      [whole, words],
      [parts, maybe],
    ])
    if (parts.size > 0) refine(maybe, words)
  }

  #take(number: number): number {
    const starts = this.#starts
    let low = 0
    let high = starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (starts[middle] <= number) low = middle + 1
      else high = middle
    }
    if (number < this.#lowest[low]) this.#lowest[low] = number
    if (number > this.#highest[low]) this.#highest[low] = number
    return low
  }
}

function isNone(cell: number, none: number): boolean {
  return cell === none || Number.isNaN(cell)
}

/** Where buckets begin that hold about as many cells each. */
function startsOf(cells: Int32Array | Float64Array, none: number, count: number): Float64Array {
  const sample: number[] = []
  const step = Math.max(1, count / SAMPLES)
  for (let at = step / 2; at < count; at += step) {
    const cell = cells[Math.floor(at)]
    if (!isNone(cell, none)) sample.push(cell)
  }
  const sorted = Float64Array.from(sample).toSorted()
  const starts = new Set<number>()
  for (let bucket = 1; bucket < MOST_BUCKETS; bucket++) {
    const at = Math.floor((sorted.length * bucket) / MOST_BUCKETS)
    // -0 is 0 for every range.
    if (at < sorted.length) starts.add(sorted[at] + 0)
  }
  return Float64Array.from(starts)
}
