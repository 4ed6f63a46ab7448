import type { RowReader } from './row-reader.ts'
import type { SqlValue } from './values.ts'

const encoder = new TextEncoder()

/** A row from a driver, as an array of values. One object serves all rows of a statement. */
export class RowValues implements RowReader {
  #values: readonly SqlValue[] = []
  readonly #exactText: (column: number) => Uint8Array
  #buffer = new Uint8Array(256)
  #used = 0

  /** `exactText` reads the bytes of a text in which the driver may have replaced what is not UTF-8. */
  constructor(exactText: (column: number) => Uint8Array) {
    this.#exactText = exactText
  }

  /** Sets the current row. */
  at(values: readonly SqlValue[]): this {
    this.#values = values
    this.#used = 0
    return this
  }

  get columns(): number {
    return this.#values.length
  }

  value(column: number): SqlValue {
    const value = this.#values[column]
    if (typeof value !== 'bigint') return value
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }

  isNull(column: number): boolean {
    return this.#values[column] === null
  }

  isText(column: number): boolean {
    return typeof this.#values[column] === 'string'
  }

  isBlob(column: number): boolean {
    return typeof this.#values[column] === 'object' && !this.isNull(column)
  }

  number(column: number): number {
    return Number(this.#values[column] ?? 0)
  }

  bigint(column: number): bigint {
    const value = this.#values[column]
    return typeof value === 'bigint' ? value : BigInt(Math.trunc(this.number(column)))
  }

  text(column: number): string {
    const value = this.#values[column]
    return typeof value === 'string' ? value : String(value ?? '')
  }

  bytes(column: number): Uint8Array {
    const value = this.#values[column]
    if (typeof value === 'object' && value !== null) {
      // Not a Buffer: `slice` of a Buffer is not a copy.
      return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    }
    const text = this.text(column)
    if (text.includes('\uFFFD')) return this.#exactText(column)
    this.#reserve(text.length * 3)
    const { written } = encoder.encodeInto(text, this.#buffer.subarray(this.#used))
    const start = this.#used
    this.#used += written
    return this.#buffer.subarray(start, this.#used)
  }

  byteLength(column: number): number {
    const value = this.#values[column]
    if (typeof value === 'object' && value !== null) return value.byteLength
    return this.bytes(column).length
  }

  /** Returned bytes stay in place until the next row. */
  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#buffer.length) return
    this.#buffer = new Uint8Array(Math.max(bytes, this.#buffer.length * 2))
    this.#used = 0
  }
}
