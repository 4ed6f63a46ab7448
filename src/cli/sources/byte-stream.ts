import { createReadStream, statSync } from 'node:fs'
import type { Context } from '../context.ts'

/** A file or stdin, read from front to back in pieces. */
export class ByteStream implements AsyncIterable<Uint8Array> {
  readonly name: string
  /** Bytes in all; undefined for stdin and pipes. */
  readonly size: number | undefined
  done = 0
  readonly #open: () => AsyncIterable<Buffer>

  constructor(context: Context, path: string) {
    if (path === '-') {
      this.name = 'stdin'
      this.size = undefined
      this.#open = () => context.stdin
      return
    }
    // A missing file is told before a table is made or a line is read.
    const found = statSync(path)
    this.name = path
    this.size = found.isFile() ? found.size : undefined
    this.#open = () => createReadStream(path, { highWaterMark: 2 ** 20 })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const part of this.#open()) {
      yield part
      this.done += part.length
    }
  }
}
