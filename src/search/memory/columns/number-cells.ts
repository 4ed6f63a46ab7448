import { bitsOf } from '../../../core/bit-count.ts'
import type { Cell } from './cell.ts'
import { CoarseNumbers } from './coarse-numbers.ts'
import type { CellTest, NumberRange } from './column-test.ts'

/** In cells of four bytes, the mark for a value that is not a number. In cells of eight bytes it is NaN. */
const NO_INT32 = -(2 ** 31)

/** From so many cells on buckets are worth making. */
const WORTH_BUCKETS = 4096

/**
 * The cells of a column of numbers by position: four bytes each while all are integers that fit, eight bytes otherwise.
 * A cell that is not a number is NULL, or one of a few others, which are looked up by position.
 */
export class NumberCells {
  #cells: Int32Array | Float64Array
  /** The codes of values that are neither number nor NULL, by position. */
  readonly #others = new Map<number, number>()
  /** Made when a range is asked for. */
  #coarse: CoarseNumbers | undefined

  constructor(length: number) {
    this.#cells = new Int32Array(length)
  }

  get bytes(): number {
    return this.#cells.byteLength + this.#others.size * 64 + (this.#coarse?.bytes ?? 0)
  }

  get cellBytes(): number {
    return this.#cells.BYTES_PER_ELEMENT
  }

  get kind(): string {
    return this.#cells instanceof Int32Array ? 'i32' : 'f64'
  }

  set(position: number, number: number): void {
    this.#reserve(position)
    if (this.#cells instanceof Int32Array && ((number | 0) !== number || number === NO_INT32)) {
      this.#cells = widened(this.#cells)
    }
    this.#cells[position] = number
    this.#coarse?.set(position, number)
    if (this.#others.size > 0) this.#others.delete(position)
  }

  /** An undefined `code` means NULL. */
  setOther(position: number, code: number | undefined): void {
    this.#reserve(position)
    this.#cells[position] = this.#none
    this.#coarse?.set(position, undefined)
    if (code === undefined) this.#others.delete(position)
    else this.#others.set(position, code)
  }

  /** Undefined for a cell that is not a number. */
  at(position: number): number | undefined {
    const cell = this.#cells[position]
    return Object.is(cell, this.#none) ? undefined : cell
  }

  otherAt(position: number): number | undefined {
    return this.#others.get(position)
  }

  /** Sets the bits of the matching positions in `words`, which are zero. */
  select(test: CellTest, words: Uint32Array, count: number, decode: (code: number) => Cell): void {
    const end = Math.min(count, words.length * 32)
    const none = test.passes(null)
    if (test.ranges && count >= WORTH_BUCKETS) {
      this.#coarse = this.#coarseOf(count)
      this.#selectRanges(this.#coarse, { none, ranges: test.ranges }, words, end)
    } else this.#selectCells(test, none, words, end)
    for (const [position, code] of this.#others) {
      if (position >= end) continue
      if (test.passes(decode(code))) set(words, position)
      else words[position >>> 5] &= ~(1 << (position & 31))
    }
  }

  #selectRanges(
    coarse: CoarseNumbers,
    wanted: { readonly none: boolean; readonly ranges: readonly NumberRange[] },
    words: Uint32Array,
    end: number,
  ): void {
    const cells = this.#cells
    coarse.select(wanted, words, end, (maybe, found) => {
      const positions = positionsOf(maybe)
      for (const range of wanted.ranges) selectRange(cells, range, positions, found)
    })
  }

  #coarseOf(count: number): CoarseNumbers {
    const known = this.#coarse
    return known && !known.outgrown ? known : new CoarseNumbers(this.#cells, this.#none, count)
  }

  #selectCells(test: CellTest, none: boolean, words: Uint32Array, end: number): void {
    for (let position = 0; position < end; position++) {
      const number = this.at(position)
      if (number === undefined ? none : test.passes(number)) set(words, position)
    }
  }

  trim(count: number): void {
    if (this.#cells.length > count * 1.1) this.#cells = this.#cells.slice(0, count)
  }

  save(count: number): Int32Array | Float64Array {
    return this.#cells.subarray(0, count)
  }

  /** The position and the code of each other value, alternately. */
  others(): Float64Array {
    return Float64Array.from([...this.#others].flat())
  }

  /** Undefined for parts that `save` and `others` did not return. */
  static restore(
    kind: string,
    cells: Uint8Array,
    others: Float64Array,
    positions: number,
    values: number,
  ): NumberCells | undefined {
    const { buffer, byteOffset, byteLength } = cells
    const size = kind === 'i32' ? 4 : 8
    if ((kind !== 'i32' && kind !== 'f64') || byteLength !== positions * size) return undefined
    const restored = new NumberCells(0)
    restored.#cells =
      size === 4
        ? new Int32Array(buffer, byteOffset, positions)
        : new Float64Array(buffer, byteOffset, positions)
    for (let i = 0; i < others.length; i += 2) {
      const position = others[i]
      const code = others[i + 1]
      const sound =
        Number.isInteger(position) && Number.isInteger(code) && code >= 0 && code < values
      if (!sound || position < 0 || position >= positions) return undefined
      if (restored.at(position) !== undefined) return undefined
      restored.#others.set(position, code)
    }
    return restored
  }

  get #none(): number {
    return this.#cells instanceof Int32Array ? NO_INT32 : NaN
  }

  #reserve(position: number): void {
    if (position < this.#cells.length) return
    const length = Math.ceil(position * 1.5) + 16
    const longer =
      this.#cells instanceof Int32Array ? new Int32Array(length) : new Float64Array(length)
    longer.set(this.#cells)
    this.#cells = longer
  }
}

function set(words: Uint32Array, position: number): void {
  words[position >>> 5] |= 1 << (position & 31)
}

function widened(cells: Int32Array): Float64Array {
  return Float64Array.from(cells, cell => (cell === NO_INT32 ? NaN : cell))
}

/**
 * Sets the bits in `words` of those positions whose cells are in a range. It does not branch on a cell, so
 * that the processor fetches many cells at once: they are far apart in memory.
 */
function selectRange(
  cells: Int32Array | Float64Array,
  [low, high]: NumberRange,
  positions: Int32Array,
  words: Uint32Array,
): void {
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i]
    const cell = cells[position]
    const inside = Number(low <= cell) & Number(cell <= high)
    words[position >>> 5] |= inside << (position & 31)
  }
}

/** The positions of the set bits. */
function positionsOf(bitmap: Uint32Array): Int32Array {
  const positions = new Int32Array(bitsOf(bitmap))
  let found = 0
  for (let word = 0; word < bitmap.length; word++) {
    for (let bits = bitmap[word]; bits !== 0; bits &= bits - 1) {
      positions[found++] = word * 32 + 31 - Math.clz32(bits & -bits)
    }
  }
  return positions
}
