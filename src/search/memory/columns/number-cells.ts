import type { Cell } from './cell.ts'
import type { CellTest, NumberRange } from './column-test.ts'

/** In cells of four bytes, the mark for a value that is not a number. In cells of eight bytes it is NaN. */
const NO_INT32 = -(2 ** 31)

/**
 * The cells of a column of numbers by position: four bytes each while all are integers that fit, eight bytes otherwise.
 * A cell that is not a number is NULL, or one of a few others, which are looked up by position.
 */
export class NumberCells {
  #cells: Int32Array | Float64Array
  /** The codes of values that are neither number nor NULL, by position. */
  readonly #others = new Map<number, number>()

  constructor(length: number) {
    this.#cells = new Int32Array(length)
  }

  get bytes(): number {
    return this.#cells.byteLength + this.#others.size * 64
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
    if (this.#others.size > 0) this.#others.delete(position)
  }

  /** An undefined `code` means NULL. */
  setOther(position: number, code: number | undefined): void {
    this.#reserve(position)
    this.#cells[position] = this.#none
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

  select(test: CellTest, words: Uint32Array, count: number, decode: (code: number) => Cell): void {
    const cells = this.#cells
    const end = Math.min(count, words.length * 32)
    const { ranges } = test
    if (ranges) {
      for (const range of ranges) {
        if (cells instanceof Int32Array) selectInt32(cells, words, end, range)
        else selectFloat64(cells, words, end, range)
      }
    } else {
      for (let position = 0; position < end; position++) {
        const number = this.at(position)
        if (number !== undefined && test.passes(number)) set(words, position)
      }
    }
    if (test.passes(null)) {
      for (let position = 0; position < end; position++) {
        if (this.at(position) === undefined && !this.#others.has(position)) set(words, position)
      }
    }
    for (const [position, code] of this.#others) {
      if (position < end && test.passes(decode(code))) set(words, position)
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

// Evaluates both comparisons, whatever the first one returns: a branch on values in random order is mispredicted at
// every other row. The two loops have the same shape: one loop that received both kinds of array would be compiled for
// neither.

function selectInt32(
  cells: Int32Array,
  words: Uint32Array,
  end: number,
  [from, to]: NumberRange,
): void {
  const low = Math.max(NO_INT32 + 1, Math.ceil(from)) | 0
  const high = Math.min(2 ** 31 - 1, Math.floor(to)) | 0
  if (Math.ceil(from) > 2 ** 31 - 1 || Math.floor(to) <= NO_INT32) return
  let position = 0
  for (let word = 0; position < end; word++) {
    const stop = Math.min(end, position + 32)
    let bits = 0
    for (let bit = 0; position < stop; bit++, position++) {
      const cell = cells[position]
      bits |= (Number(cell >= low) & Number(cell <= high)) << bit
    }
    words[word] |= bits
  }
}

function selectFloat64(
  cells: Float64Array,
  words: Uint32Array,
  end: number,
  [low, high]: NumberRange,
): void {
  let position = 0
  for (let word = 0; position < end; word++) {
    const stop = Math.min(end, position + 32)
    let bits = 0
    for (let bit = 0; position < stop; bit++, position++) {
      const cell = cells[position]
      bits |= (Number(cell >= low) & Number(cell <= high)) << bit
    }
    words[word] |= bits
  }
}
