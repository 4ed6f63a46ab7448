/** Bytes that are not in a file: the body of a response, an object in a bucket, stdin. */
export interface NamedBytes {
  /** For messages. */
  readonly name: string
  readonly bytes: AsyncIterable<Uint8Array>
}

/** The path of a file, or bytes from elsewhere. */
export type ByteInput = string | NamedBytes
