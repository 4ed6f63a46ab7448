import { ByteSet } from '../../../accelerators/byte-set.ts'
import { grown } from '../../../core/grown.ts'
import { IdTable } from '../../../core/id-table.ts'
import type { RowReader } from '../../../database/row-reader.ts'
import type { StoredColumn } from '../../schema/table-schema.ts'
import { decodeCell, EncodedCell, holdsCell, type Cell } from './cell.ts'
import type { CellTest } from './column-test.ts'
import { NumberCells } from './number-cells.ts'

type Codes = Uint8Array | Uint16Array | Uint32Array

/** A column with more bytes than this, and this many per row, is not kept: SQL evaluates conditions on it. */
const MOST_BYTES = 2 << 20
const MOST_BYTES_A_ROW = 12
/** From here on, two bytes cannot hold the code of a value. */
const MANY_VALUES = 65_536
/** Used in place of a code: the staged cell is itself a number. */
const IS_NUMBER = 0xffffffff

const encoded = new EncodedCell()

/** The parts of a column in a saved index. */
export interface SavedColumn {
  readonly cells: Uint8Array
  readonly pool: Uint8Array
  readonly starts: Uint32Array
  readonly numbers: Float64Array
}

/**
 * The values of one metadata column by position. Each distinct value has a code of one, two or four bytes per row, so
 * every value is exact whatever its type. A column of many distinct numbers stores the numbers themselves.
 */
export class MetadataColumn {
  readonly stored: StoredColumn
  #codes: Codes = new Uint8Array(16)
  #values = new IdTable()
  /** Replaces the codes. */
  #numbers: NumberCells | undefined
  /** The number of positions with a cell. */
  #count = 0
  #stagedCodes = new Uint32Array(64)
  #stagedNumbers = new Float64Array(64)
  #lost = false

  constructor(stored: StoredColumn) {
    this.stored = stored
  }

  /** Whether it took too much memory, and was emptied. */
  get lost(): boolean {
    return this.#lost
  }

  get bytes(): number {
    return (
      (this.#numbers?.bytes ?? this.#codes.byteLength) +
      this.#values.bytes +
      this.#stagedCodes.byteLength +
      this.#stagedNumbers.byteLength
    )
  }

  /** The number of distinct values; for a column of numbers, of values that are not numbers. */
  get distinct(): number {
    return this.#values.count
  }

  /** The form of its cells, in words. */
  get form(): string {
    if (this.#lost) return 'too large to be kept'
    if (this.#numbers) return `numbers of ${this.#numbers.cellBytes} bytes`
    return `${this.#values.count} distinct values`
  }

  /** Reads the cell of a staged row. */
  stage(slot: number, row: RowReader, column: number): void {
    if (this.#lost) return
    if (slot >= this.#stagedCodes.length) {
      this.#stagedCodes = grown(this.#stagedCodes, slot * 2)
      this.#stagedNumbers = grown(this.#stagedNumbers, slot * 2)
    }
    const number = encoded.read(row, column)
    if (number !== undefined) {
      if (this.#numbers) {
        this.#stagedNumbers[slot] = number
        this.#stagedCodes[slot] = IS_NUMBER
        return
      }
      encoded.number(number)
    }
    this.#stagedCodes[slot] = this.#intern()
  }

  /** Moves a staged row over another one, which is dropped. */
  moveStaged(from: number, to: number): void {
    this.#stagedCodes[to] = this.#stagedCodes[from]
    this.#stagedNumbers[to] = this.#stagedNumbers[from]
  }

  /** Widens the codes for the staged cells, or replaces them by numbers, before rows are placed. */
  widen(slots: number): void {
    if (this.#lost) return
    const many = this.#values.count > MANY_VALUES
    if (many && !this.#numbers && this.stored.type !== 'TEXT') this.#becomeNumbers(slots)
    if (!this.#numbers) this.#codes = widened(this.#codes, this.#values.count)
    this.#check()
  }

  place(slot: number, position: number): void {
    if (this.#lost) return
    const code = this.#stagedCodes[slot]
    this.#count = Math.max(this.#count, position + 1)
    if (this.#numbers) {
      if (code === IS_NUMBER) this.#numbers.set(position, this.#stagedNumbers[slot])
      else this.#numbers.setOther(position, this.#isNull(code) ? undefined : code)
      return
    }
    if (position >= this.#codes.length) {
      this.#codes = grownCodes(this.#codes, Math.ceil(position * 1.5) + 16)
    }
    this.#codes[position] = code
  }

  /** Releases unused capacity. */
  trim(): void {
    this.#numbers?.trim(this.#count)
    if (this.#codes.length > this.#count * 1.1) this.#codes = this.#codes.slice(0, this.#count)
    this.#values.trim()
    this.#stagedCodes = new Uint32Array(64)
    this.#stagedNumbers = new Float64Array(64)
  }

  cell(position: number): Cell {
    if (!this.#numbers) return this.#decoded(this.#codes[position])
    const number = this.#numbers.at(position)
    if (number !== undefined) return number
    const other = this.#numbers.otherAt(position)
    return other === undefined ? null : this.#decoded(other)
  }

  /** Whether a position has the value in a column of a row. */
  holds(position: number, row: RowReader, column: number): boolean {
    return this.#lost || holdsCell(row, column, this.cell(position))
  }

  /** Whether `select` looks at few values, or at bytes alone. */
  selectsFast({ ranges, texts }: CellTest): boolean {
    if (this.#numbers) return ranges !== undefined
    return texts !== undefined || this.#values.count * 64 <= this.#count
  }

  /** Sets the bits of the matching positions in `words`, which are zero. May also set bits after the last position. */
  select(test: CellTest, words: Uint32Array): void {
    if (this.#numbers) {
      this.#numbers.select(test, words, this.#count, code => this.#decoded(code))
      return
    }
    const codes = this.#codes
    if (!(codes instanceof Uint8Array)) {
      selectCodes(codes, this.#passing(test), words, this.#count)
      return
    }
    const passing = new ByteSet()
    for (const [code, passes] of this.#passing(test).entries()) if (passes === 1) passing.add(code)
    passing.select(codes, this.#count, words)
  }

  save(): SavedColumn {
    const { pool, starts } = this.#values.save()
    const cells = this.#numbers?.save(this.#count) ?? this.#codes.subarray(0, this.#count)
    return {
      cells: new Uint8Array(cells.buffer, cells.byteOffset, cells.byteLength),
      pool,
      starts,
      numbers: this.#numbers?.others() ?? new Float64Array(0),
    }
  }

  /** The form of the cells that `save` returns. */
  get cellKind(): string {
    return this.#numbers?.kind ?? `u${this.#codes.BYTES_PER_ELEMENT * 8}`
  }

  /**
   * Restores a column from the parts of `save`, and takes ownership of them. Undefined when they do not match each
   * other.
   */
  static restore(
    stored: StoredColumn,
    kind: string,
    positions: number,
    { cells, pool, starts, numbers }: SavedColumn,
  ): MetadataColumn | undefined {
    const column = new MetadataColumn(stored)
    const values = IdTable.restore(pool, starts)
    if (!values) return undefined
    column.#values = values
    column.#count = positions
    for (let code = 0; code < values.count; code++) {
      if (decodeCell(values.idAt(code)) === undefined) return undefined
    }
    const form = NumberCells.restore(kind, cells, numbers, positions, values.count)
    if (form) {
      column.#numbers = form
      return column
    }
    const codes = codesOf(kind, cells)
    if (codes?.length !== positions) return undefined
    for (const code of codes) if (code >= values.count) return undefined
    column.#codes = codes
    return column
  }

  #intern(): number {
    const known = this.#values.find(encoded.bytes, encoded.from, encoded.to)
    return known >= 0 ? known : this.#values.append(encoded.bytes, encoded.from, encoded.to)
  }

  #decoded(code: number): Cell {
    return decodeCell(this.#values.idAt(code)) ?? null
  }

  #isNull(code: number): boolean {
    return this.#decoded(code) === null
  }

  /** For each value, whether it matches. */
  #passing({ texts, passes }: CellTest): Uint8Array {
    const values = this.#values
    const passing = new Uint8Array(values.count)
    if (texts && texts.length < values.count) {
      for (const text of texts) {
        encoded.text(text)
        const code = values.find(encoded.bytes, encoded.from, encoded.to)
        if (code >= 0) passing[code] = 1
      }
      return passing
    }
    for (let code = 0; code < passing.length; code++) {
      if (passes(this.#decoded(code))) passing[code] = 1
    }
    return passing
  }

  #becomeNumbers(slots: number): void {
    const cells = Array.from({ length: this.#values.count }, (_, code) => {
      const cell = this.#decoded(code)
      return typeof cell === 'number' ? cell : undefined
    })
    const before = this.#values
    this.#values = new IdTable()
    const others = new Map<number, number>()
    for (const [code, cell] of cells.entries()) {
      if (cell === undefined) others.set(code, this.#values.append(before.idAt(code).slice()))
    }
    const numbers = new NumberCells(this.#codes.length)
    for (let position = 0; position < this.#count; position++) {
      const code = this.#codes[position]
      const cell = cells[code]
      if (cell !== undefined) numbers.set(position, cell)
      else {
        const other = others.get(code)!
        numbers.setOther(position, this.#isNull(other) ? undefined : other)
      }
    }
    for (let slot = 0; slot < slots; slot++) {
      const code = this.#stagedCodes[slot]
      const cell = cells[code]
      this.#stagedNumbers[slot] = cell ?? 0
      this.#stagedCodes[slot] = cell === undefined ? others.get(code)! : IS_NUMBER
    }
    this.#numbers = numbers
    this.#codes = new Uint8Array(0)
  }

  #check(): void {
    if (this.bytes <= MOST_BYTES + MOST_BYTES_A_ROW * this.#count) return
    this.#lost = true
    this.#numbers = undefined
    this.#codes = new Uint8Array(0)
    this.#values = new IdTable(0)
  }
}

/** Four at a time: a word of bits takes less than half as long then. */
function selectCodes(codes: Codes, passing: Uint8Array, words: Uint32Array, count: number): void {
  const whole = Math.min(words.length, count >>> 5)
  let position = 0
  for (let word = 0; word < whole; word++) {
    let bits = 0
    for (let bit = 0; bit < 32; bit += 4, position += 4) {
      const four =
        passing[codes[position]] |
        (passing[codes[position + 1]] << 1) |
        (passing[codes[position + 2]] << 2) |
        (passing[codes[position + 3]] << 3)
      bits |= four << bit
    }
    words[word] = bits
  }
  for (; position < count && position >>> 5 < words.length; position++) {
    words[position >>> 5] |= passing[codes[position]] << (position & 31)
  }
}

function grownCodes(codes: Codes, length: number): Codes {
  const longer = new (codes.constructor as new (length: number) => Codes)(length)
  longer.set(codes)
  return longer
}

/** The same codes in a form that is wide enough for `values` codes. */
function widened(codes: Codes, values: number): Codes {
  if (values > MANY_VALUES) return codes instanceof Uint32Array ? codes : Uint32Array.from(codes)
  if (values > 256 && codes instanceof Uint8Array) return Uint16Array.from(codes)
  return codes
}

function codesOf(kind: string, cells: Uint8Array): Codes | undefined {
  const { buffer, byteOffset, byteLength } = cells
  if (kind === 'u8') return cells
  if (kind === 'u16' && byteLength % 2 === 0) {
    return new Uint16Array(buffer, byteOffset, byteLength / 2)
  }
  if (kind === 'u32' && byteLength % 4 === 0) {
    return new Uint32Array(buffer, byteOffset, byteLength / 4)
  }
  return undefined
}
