const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const { fromCharCode } = String

/** The decoder takes longer to begin than this many characters of ASCII take one by one. */
const SHORT = 32

/** The text in the bytes from..to-1; what is not UTF-8 becomes U+FFFD. */
export function readUtf8(bytes: Uint8Array, from: number, to: number): string {
  const short = to - from <= SHORT ? readAscii(bytes, from, to) : undefined
  return short ?? decoder.decode(bytes.subarray(from, to))
}

/** Characters are joined in large parts, as each part is a string of its own. */
function readAscii(b: Uint8Array, from: number, to: number): string | undefined {
  let all = 0
  for (let i = from; i < to; i++) all |= b[i]
  if (all > 127) return undefined
  let text = ''
  let i = from
  for (; i + 8 <= to; i += 8) {
    text += fromCharCode(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7])
  }
  for (; i + 4 <= to; i += 4) text += fromCharCode(b[i], b[i + 1], b[i + 2], b[i + 3])
  for (; i < to; i++) text += fromCharCode(b[i])
  return text
}

/** Binds as TEXT of exactly these bytes, which need not be UTF-8. Keys that a query has read are bound this way. */
export class Utf8 {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** The text. Bytes that are not UTF-8 become U+FFFD. */
  toString(): string {
    return readUtf8(this.bytes, 0, this.bytes.length)
  }
}
