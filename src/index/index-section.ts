export interface IndexSection {
  /** At most 16 ASCII characters, unique within the image. */
  readonly name: string
  readonly bytes: Uint8Array
}

/**
 * A section that has not been read yet: `bytes` reads it, `copyInto` reads it into place. Both throw when it is
 * damaged.
 */
export interface StoredSection extends IndexSection {
  readonly length: number
  copyInto(to: Uint8Array): void
}
