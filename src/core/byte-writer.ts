/** Writes little-endian numbers and runs of bytes to a buffer that at least doubles when it is full. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView
  #length = 0

  /** With the right `capacity`, no byte is ever copied. */
  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#length
  }

  u8(value: number): void {
    const at = this.#advance(1)
    this.#view.setUint8(at, value)
  }

  u32(value: number): void {
    const at = this.#advance(4)
    this.#view.setUint32(at, value, true)
  }

  i32(value: number): void {
    const at = this.#advance(4)
    this.#view.setInt32(at, value, true)
  }

  u64(value: bigint): void {
    const at = this.#advance(8)
    this.#view.setBigUint64(at, BigInt.asUintN(64, value), true)
  }

  f32(value: number): void {
    const at = this.#advance(4)
    this.#view.setFloat32(at, value, true)
  }

  bytes(value: Uint8Array): void {
    const at = this.#advance(value.length)
    this.#bytes.set(value, at)
  }

  /** The written bytes: a view if the capacity was right, a copy otherwise. Do not write afterwards. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#length === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#length)
  }

  // Replaces a full buffer, so callers must compute the offset before they read the buffer.
  #advance(length: number): number {
    const start = this.#length
    const end = start + length
    if (end > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(end, this.#bytes.length * 2))
      bytes.set(this.#bytes)
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer)
    }
    this.#length = end
    return start
  }
}
