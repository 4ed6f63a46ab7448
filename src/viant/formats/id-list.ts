/**
 * Ids as byte ranges of one buffer. The original's ids may be any bytes, including none and invalid UTF-8, so bytes
 * identify a row. `text` is for display and for databases that hold text.
 */
export class IdList {
  readonly #bytes: Uint8Array
  readonly #starts: Uint32Array
  readonly #lengths: Uint32Array

  /** Id i is `bytes[starts[i] .. starts[i] + lengths[i]]`. The ranges may be anywhere in `bytes`. */
  constructor(bytes: Uint8Array, starts: Uint32Array, lengths: Uint32Array) {
    this.#bytes = bytes
    this.#starts = starts
    this.#lengths = lengths
  }

  /** Copies ids into one buffer. Text becomes UTF-8. */
  static from(ids: readonly (string | Uint8Array)[]): IdList {
    const encoder = new TextEncoder()
    const parts = ids.map(id => (typeof id === 'string' ? encoder.encode(id) : id))
    const starts = new Uint32Array(parts.length)
    const lengths = Uint32Array.from(parts, part => part.length)
    let total = 0
    for (let i = 0; i < parts.length; i++) {
      starts[i] = total
      total += lengths[i]
    }
    const bytes = new Uint8Array(total)
    for (let i = 0; i < parts.length; i++) bytes.set(parts[i], starts[i])
    return new IdList(bytes, starts, lengths)
  }

  get count(): number {
    return this.#starts.length
  }

  /** The total number of bytes of all ids. */
  get byteLength(): number {
    let total = 0
    for (let i = 0; i < this.#lengths.length; i++) total += this.#lengths[i]
    return total
  }

  /** A view of id i. */
  bytes(i: number): Uint8Array {
    return this.#bytes.subarray(this.#starts[i], this.#starts[i] + this.#lengths[i])
  }

  /** Id i as text. Bytes that are not UTF-8 become U+FFFD, so two ids may have the same text. */
  text(i: number): string {
    return decoder.decode(this.bytes(i))
  }

  /** The same ids in another order: id i of the result is id `order[i]` of this list. */
  reorder(order: Uint32Array): IdList {
    return new IdList(
      this.#bytes,
      order.map(i => this.#starts[i]),
      order.map(i => this.#lengths[i]),
    )
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
