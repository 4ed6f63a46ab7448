import { closeSync, createReadStream, openSync, readSync, statSync, type Stats } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { argumentError } from '../../core/argument-error.ts'
import { typedArrayName } from '../../core/describe-value.ts'
import { InterchangeError, sourceError } from '../interchange-error.ts'
import type { ByteInput } from './byte-input.ts'
import { isGzip, refuseOtherFiles, SIGNATURE_BYTES, type ReadAs } from './file-signature.ts'

/** A file or bytes from elsewhere, read from front to back in pieces; gzip is unpacked on the way. */
export class ByteStream implements AsyncIterable<Uint8Array> {
  readonly name: string
  /** Bytes of the file; undefined for pipes and what is not a file. */
  readonly size: number | undefined
  /** Bytes that will be read from it; undefined where only the end shows that. */
  readonly length: number | undefined
  /** How many bytes of `size` were read. */
  done = 0
  readonly #as: ReadAs
  readonly #open: () => AsyncIterable<Uint8Array>

  constructor(input: ByteInput, as: ReadAs = 'text') {
    this.#as = as
    if (typeof input !== 'string') {
      this.name = input.name
      this.#open = () => input.bytes
      return
    }
    // A missing file is an error before a table is made or a line is read.
    const found = statOf(input)
    this.name = input
    if (found.isDirectory()) throw folderError(input)
    if (found.isFile()) {
      this.size = found.size
      this.length = isGzip(startOf(input)) ? undefined : found.size
    }
    this.#open = () => createReadStream(input, { highWaterMark: 2 ** 20 })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const parts = this.#parts()[Symbol.asyncIterator]()
    const { value: start } = await parts.next()
    const all = rejoined(start ?? new Uint8Array(0), parts)
    if (start && isGzip(start)) yield* this.#unpacked(all)
    else {
      if (start) refuseOtherFiles(start, this.name, this.#as)
      yield* all
    }
  }

  /** The first part is long enough to tell what the file is. */
  async *#parts(): AsyncGenerator<Uint8Array> {
    let start: Uint8Array | undefined
    for await (const part of this.#open()) {
      if (typedArrayName(part) !== 'Uint8Array') {
        const expected = 'a Uint8Array (bytes must be an iterable of them)'
        throw argumentError('importDocuments()', `a chunk of ${this.name}`, part, expected)
      }
      const grown: Uint8Array = start ? Buffer.concat([start, part]) : part
      if (grown.length < SIGNATURE_BYTES && start !== NOTHING) {
        start = grown
        continue
      }
      start = NOTHING
      yield grown
      this.done += grown.length
    }
    if (start && start !== NOTHING) {
      yield start
      this.done += start.length
    }
  }

  async *#unpacked(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const gunzip = createGunzip({ chunkSize: 2 ** 20 })
    // Its errors come out of the iteration, too.
    const flow = pipeline(Readable.from(packed), gunzip).catch(() => undefined)
    let first = true
    try {
      for await (const part of gunzip as AsyncIterable<Buffer>) {
        if (first) refuseOtherFiles(part, this.name, this.#as)
        first = false
        yield part
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (error instanceof InterchangeError || code?.startsWith('Z_') !== true) throw error
      throw sourceError(`${this.name}: gzip: ${message}`, 'the file is damaged or truncated')
    } finally {
      gunzip.destroy()
      await flow
    }
  }
}

const NOTHING = new Uint8Array(0)

async function* rejoined(
  first: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first
    for (;;) {
      const next = await rest.next()
      if (next.done === true) return
      yield next.value
    }
  } finally {
    await rest.return?.()
  }
}

export function folderError(path: string): Error {
  return sourceError(`${path} is a folder: expected a file`, 'name one of the files in it')
}

/** What is at a path, with an error that names it. */
export function statOf(path: string): Stats {
  try {
    return statSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'ENOENT' ? 'no such file or folder' : `it cannot be read (${code ?? String(error)})`
    throw new InterchangeError(`${path}: ${why}`, { hint: 'check the path', cause: error })
  }
}

/** The first bytes of a file. */
export function startOf(path: string): Uint8Array {
  const start = Buffer.alloc(SIGNATURE_BYTES)
  const file = openSync(path, 'r')
  try {
    return start.subarray(0, readSync(file, start, 0, start.length, 0))
  } finally {
    closeSync(file)
  }
}
