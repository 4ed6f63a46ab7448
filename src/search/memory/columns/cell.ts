import { copyShort } from '../../../core/copy-short.ts'
import { compareBytes } from '../../../core/id-table.ts'
import { Utf8 } from '../../../core/utf8.ts'
import type { RowReader } from '../../../database/row-reader.ts'

/** A value of a metadata column, exactly: integers beyond 2^53 are bigint, and text is its bytes. */
export type Cell = null | number | bigint | Utf8 | Uint8Array

/** The first byte of an encoded cell. */
const NULL = 0
const NUMBER = 1
const INTEGER = 2
const TEXT = 3
const BLOB = 4
/** A number follows at a multiple of 8. */
const TAG_AT = 7

/**
 * A cell as bytes: equal values have equal bytes. INTEGER and REAL share one form up to 2^53, since no comparison
 * distinguishes them.
 */
export class EncodedCell {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(256)
  readonly from: number = TAG_AT
  to: number = TAG_AT
  #numbers = new Float64Array(this.bytes.buffer)
  #integers = new BigInt64Array(this.bytes.buffer)

  /** Reads a column of a row. Returns a number as it is, and encodes any other value. */
  read(row: RowReader, column: number): number | undefined {
    if (row.isText(column)) {
      this.#run(TEXT, row.bytes(column))
      return undefined
    }
    const value = row.value(column)
    if (typeof value === 'number') return value
    this.#encode(typeof value === 'string' ? null : value)
    return undefined
  }

  number(value: number): void {
    this.bytes[TAG_AT] = NUMBER
    // Zero has one form.
    this.#numbers[1] = value + 0
    this.to = 16
  }

  text(bytes: Uint8Array): void {
    this.#run(TEXT, bytes)
  }

  #encode(value: null | bigint | Uint8Array): void {
    if (value === null) {
      this.bytes[TAG_AT] = NULL
      this.to = TAG_AT + 1
    } else if (typeof value === 'bigint') {
      this.bytes[TAG_AT] = INTEGER
      this.#integers[1] = value
      this.to = 16
    } else {
      this.#run(BLOB, value)
    }
  }

  #run(tag: number, run: Uint8Array): void {
    const to = TAG_AT + 1 + run.length
    if (to > this.bytes.length) {
      this.bytes = new Uint8Array((to * 2 + 7) & ~7)
      this.#numbers = new Float64Array(this.bytes.buffer)
      this.#integers = new BigInt64Array(this.bytes.buffer)
    }
    this.bytes[TAG_AT] = tag
    copyShort(run, 0, run.length, this.bytes, TAG_AT + 1)
    this.to = to
  }
}

/** Whether a column of a row holds this value. */
export function holdsCell(row: RowReader, column: number, cell: Cell): boolean {
  if (row.isNull(column)) return cell === null
  if (row.isText(column)) {
    return cell instanceof Utf8 && compareBytes(row.bytes(column), cell.bytes) === 0
  }
  if (row.isBlob(column)) {
    return cell instanceof Uint8Array && compareBytes(row.bytes(column), cell) === 0
  }
  return isNumber(cell) && compareCells(cell, row.value(column) as number | bigint) === 0
}

/** The cell of these bytes; text and blobs are views of them. Undefined for bytes that are not a cell. */
export function decodeCell(bytes: Uint8Array): Cell | undefined {
  const body = bytes.subarray(1)
  switch (bytes[0]) {
    case NULL:
      return null
    case TEXT:
      return new Utf8(body)
    case BLOB:
      return body
    default:
  }
  if (body.length !== 8) return undefined
  const view = new DataView(body.buffer, body.byteOffset, 8)
  if (bytes[0] === NUMBER) return view.getFloat64(0, true)
  return bytes[0] === INTEGER ? view.getBigInt64(0, true) : undefined
}

/** Compares in SQLite's order with the collation BINARY: numbers, then text, then blobs. Neither is NULL. */
export function compareCells(a: Exclude<Cell, null>, b: Exclude<Cell, null>): number {
  if (isNumber(a) && isNumber(b)) return a < b ? -1 : a > b ? 1 : 0
  const order = rankOf(a) - rankOf(b)
  return order === 0 ? compareBytes(bytesOf(a), bytesOf(b)) : order
}

export function isNumber(cell: Cell): cell is number | bigint {
  return typeof cell === 'number' || typeof cell === 'bigint'
}

function rankOf(cell: Exclude<Cell, null>): number {
  if (isNumber(cell)) return 0
  return cell instanceof Utf8 ? 1 : 2
}

function bytesOf(cell: Exclude<Cell, null>): Uint8Array {
  return cell instanceof Utf8 ? cell.bytes : (cell as Uint8Array)
}
