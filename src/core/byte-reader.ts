import { VecError } from './errors.ts'

/**
 * Reads little-endian numbers and runs of bytes one after the other. Every read is checked: past the end it throws
 * VecError VEC_STORAGE. So a reader of untrusted bytes only has to check its own counts with `need`.
 */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #what: string
  #offset = 0

  /** `what` names the bytes in errors, as in "cover tree". */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#what = what
  }

  get offset(): number {
    return this.#offset
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  /** Throws unless at least `length` bytes remain. Checks a count before memory is allocated for it. */
  need(length: number, field: string): void {
    if (length > this.remaining) {
      throw new VecError(
        'VEC_STORAGE',
        `${this.#what}: ${field} at byte ${this.#offset} needs ${length} bytes, ${this.remaining} are left`,
      )
    }
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#advance(1, field))
  }

  u32(field: string): number {
    return this.#view.getUint32(this.#advance(4, field), true)
  }

  i32(field: string): number {
    return this.#view.getInt32(this.#advance(4, field), true)
  }

  u64(field: string): bigint {
    return this.#view.getBigUint64(this.#advance(8, field), true)
  }

  f32(field: string): number {
    return this.#view.getFloat32(this.#advance(4, field), true)
  }

  /** A view of the next `length` bytes. */
  bytes(length: number, field: string): Uint8Array {
    const start = this.#advance(length, field)
    return this.#bytes.subarray(start, start + length)
  }

  skip(length: number, field: string): void {
    this.#advance(length, field)
  }

  #advance(length: number, field: string): number {
    this.need(length, field)
    const start = this.#offset
    this.#offset = start + length
    return start
  }
}
