import { closeSync, createReadStream, openSync, readSync, statSync, type Stats } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { argumentError } from '../../core/argument-error.ts'
import { typedArrayName } from '../../core/describe-value.ts'
import { InterchangeError, sourceError } from '../interchange-error.ts'
import type { ByteInput } from './byte-input.ts'
import { isGzip, refuseOtherFiles, SIGNATURE_BYTES, type ReadAs } from './file-signature.ts'

/** Reads a file or other bytes from front to back in pieces, and unpacks gzip. */
export class ByteStream implements AsyncIterable<Uint8Array> {
  readonly name: string
  /** The bytes of the file; undefined for pipes and other inputs. */
  readonly size: number | undefined
  /** The number of bytes that will be read; undefined if only the end shows it. */
  readonly length: number | undefined
  /** The number of bytes of `size` that have been read. */
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
    // A missing file must be an error before a table is created or a line is read.
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

  /** The pieces. The first one is long enough to tell what the file is. */
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
    // The iteration reports its errors, too.
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

/** The stats of a path. Errors name the path. */
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
