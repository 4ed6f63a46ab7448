const decoder = new TextDecoder()

/** Binds as TEXT of exactly these bytes, which need not be UTF-8: how keys that were read go back into a query. */
export class Utf8 {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** As a string; what is not UTF-8 becomes U+FFFD. */
  toString(): string {
    return decoder.decode(this.bytes)
  }
}
