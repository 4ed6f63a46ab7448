import { optionText, sourceError, type Place } from '../interchange-error.ts'
import type { ByteStream } from './byte-stream.ts'
import { notUtf8 } from './not-utf8.ts'

/** The maximum length of a line: a file without line ends must not fill the memory. */
const MAX_LINE_BYTES = 2 ** 28
const LF = 10

/**
 * Lines of UTF-8, without their line ends. CR LF and a byte order mark are accepted. Yields as many lines at a time
 * as a piece of the stream completes.
 */
export async function* textLines(stream: ByteStream): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let number = 0
  const placeAt = (at: number): Place => ({ source: stream.name, unit: 'line', at })
  const decode = (bytes: Uint8Array): string => {
    number++
    try {
      const text = decoder.decode(bytes)
      const bare = text.endsWith('\r') ? text.slice(0, -1) : text
      return number === 1 && bare.startsWith('\uFEFF') ? bare.slice(1) : bare
    } catch {
      throw notUtf8(stream.name, placeAt(number))
    }
  }
  let begun: Uint8Array[] = []
  let begunBytes = 0
  for await (const part of stream) {
    const lines: string[] = []
    let from = 0
    let end = part.indexOf(LF)
    while (end >= 0) {
      const piece = part.subarray(from, end)
      lines.push(decode(begun.length === 0 ? piece : Buffer.concat([...begun, piece])))
      begun = []
      begunBytes = 0
      from = end + 1
      end = part.indexOf(LF, from)
    }
    if (from < part.length) {
      begun.push(part.subarray(from))
      begunBytes += part.length - from
      if (begunBytes > MAX_LINE_BYTES) {
        throw sourceError(
          `the line is longer than ${MAX_LINE_BYTES} bytes`,
          `a JSONL file has one JSON object per line; for another format: ${optionText('format')}`,
          placeAt(number + 1),
        )
      }
    }
    if (lines.length > 0) yield lines
  }
  if (begunBytes > 0) yield [decode(Buffer.concat(begun))]
}
