/** Binds as TEXT of exactly these bytes, which need not be UTF-8: how keys that were read go back into a query. */
export class Utf8 {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}
