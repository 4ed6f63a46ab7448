const decoder = new TextDecoder()

/** Binds as TEXT of exactly these bytes, which need not be UTF-8. Keys that a query has read are bound this way. */
export class Utf8 {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** The text. Bytes that are not UTF-8 become U+FFFD. */
  toString(): string {
    return decoder.decode(this.bytes)
  }
}
