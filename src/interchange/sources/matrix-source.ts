import { float32OfFloat16 } from '../../core/float16.ts'
import type { Document, DocumentSource, Extra, Portion } from '../document.ts'
import { optionText, sourceError } from '../interchange-error.ts'
import type { ByteStream } from './byte-stream.ts'
import { MAX_NPY_HEADER, readNpyHeader, type MatrixShape, type Width } from './npy-header.ts'
import type { Label, RowLabels } from './row-labels.ts'

/**
 * Numbers row by row, with or without the header of a .npy file. `labels` supplies the other parts of the documents.
 */
export class MatrixSource implements DocumentSource {
  readonly unit = 'row'
  readonly metric = undefined
  readonly name: string
  readonly #stream: ByteStream
  readonly #labels: RowLabels
  /** The dimension of raw float32; undefined for a .npy file, whose header has it. */
  readonly #dim: number | undefined

  constructor(stream: ByteStream, labels: RowLabels, dim: number | undefined) {
    this.name = stream.name
    this.#stream = stream
    this.#labels = labels
    this.#dim = dim
  }

  get carries(): readonly Extra[] {
    return this.#labels.carries
  }

  get total(): number | undefined {
    return this.#stream.size
  }

  get done(): number {
    return this.#stream.done
  }

  async *documents(): AsyncGenerator<Portion> {
    let shape = this.#dim === undefined ? undefined : this.#rawShape(this.#dim)
    if (shape) await this.#expect(shape)
    let rest: Uint8Array = NOTHING
    let row = 0
    for await (const part of this.#stream) {
      let bytes = part
      if (!shape) {
        bytes = Buffer.concat([rest, part])
        rest = NOTHING
        shape = readNpyHeader(bytes, this.name)
        if (!shape) {
          if (bytes.length > MAX_NPY_HEADER + 12) throw this.#cut()
          rest = bytes
          continue
        }
        await this.#expect(shape)
        bytes = bytes.subarray(shape.offset)
      }
      const rowBytes = shape.dim * shape.width
      for (const piece of wholeRows(rest, bytes, rowBytes)) {
        rest = piece
        const count = Math.min(Math.floor(piece.length / rowBytes), shape.rows - row)
        if (count <= 0) continue
        const numbers = piece.subarray(0, count * rowBytes)
        yield new MatrixRows(numbers, rowBytes, shape.width, row, await this.#labels.next(count))
        row += count
        rest = piece.subarray(count * rowBytes)
      }
      if (row === shape.rows) break
    }
    if (!shape) throw this.#cut()
    if (rest.length > 0 && row < shape.rows) {
      const rowBytes = shape.dim * shape.width
      throw sourceError(
        `${this.name} ends in the middle of row ${row + 1}: ${rest.length} bytes of ${rowBytes}`,
        `check that ${shape.dim} is the right number of dimensions`,
      )
    }
    if (Number.isFinite(shape.rows) && row < shape.rows) {
      throw sourceError(`${this.name} ends after ${row} rows, but its header says ${shape.rows}`)
    }
    await this.#labels.finish(row)
  }

  doubt(): Error | undefined {
    return undefined
  }

  notes(): readonly string[] {
    return this.#labels.notes()
  }

  close(): void {
    this.#labels.close()
  }

  #rawShape(dim: number): MatrixShape {
    return { rows: Infinity, dim, width: 4, offset: 0 }
  }

  /** Checks what can be known before the first row is stored. */
  async #expect({ rows, dim, width, offset }: MatrixShape): Promise<void> {
    const { length } = this.#stream
    const rowBytes = dim * width
    if (length === undefined) return
    const found = (length - offset) / rowBytes
    if (!Number.isInteger(found)) {
      throw sourceError(
        `${this.name} has ${length - offset} bytes of numbers: expected a multiple of ${rowBytes}, for rows of ${dim} dimensions`,
        this.#dim === undefined ? 'the file may be truncated' : `check ${optionText('dim')}`,
      )
    }
    if (Number.isFinite(rows) && found !== rows) {
      throw sourceError(`${this.name} contains ${found} rows, but its header says ${rows}`)
    }
    await this.#labels.expect(found)
  }

  #cut(): Error {
    return sourceError(
      `${this.name} ends within the header of a .npy file`,
      `numpy.save() writes one; for another format: ${optionText('format')}`,
    )
  }
}

const NOTHING = new Uint8Array(0)

/** `begun` is the beginning of a row. It is completed separately, so that the many rows after it are not copied. */
function wholeRows(begun: Uint8Array, bytes: Uint8Array, rowBytes: number): Uint8Array[] {
  if (begun.length === 0) return [bytes]
  const needed = Math.min(rowBytes - begun.length, bytes.length)
  const first = Buffer.concat([begun, bytes.subarray(0, needed)])
  return needed === bytes.length ? [first] : [first, bytes.subarray(needed)]
}

/**
 * Rows of numbers with their labels. Documents are created one by one on request: creating all at once would cost
 * more than everything else.
 */
class MatrixRows implements Portion {
  readonly #numbers: Uint8Array
  readonly #rowBytes: number
  readonly #width: Width
  readonly #first: number
  readonly #labels: readonly Label[]

  constructor(
    numbers: Uint8Array,
    rowBytes: number,
    width: Width,
    first: number,
    labels: readonly Label[],
  ) {
    this.#numbers = numbers
    this.#rowBytes = rowBytes
    this.#width = width
    this.#first = first
    this.#labels = labels
  }

  get length(): number {
    return this.#labels.length
  }

  slice(from: number, to: number): Portion {
    const numbers = this.#numbers.subarray(from * this.#rowBytes, to * this.#rowBytes)
    const labels = this.#labels.slice(from, to)
    return new MatrixRows(numbers, this.#rowBytes, this.#width, this.#first + from, labels)
  }

  *[Symbol.iterator](): Generator<Document> {
    const rowBytes = this.#rowBytes
    for (let i = 0; i < this.#labels.length; i++) {
      const numbers = this.#numbers.subarray(i * rowBytes, (i + 1) * rowBytes)
      const embedding = FLOAT32[this.#width](numbers)
      const label = this.#labels[i]
      const at = this.#first + i + 1
      yield typeof label === 'string' ? bare(label, embedding, at) : { ...label, embedding, at }
    }
  }
}

function bare(id: string, embedding: Uint8Array, at: number): Document {
  return {
    dataset: undefined,
    id,
    embedding,
    content: null,
    meta: null,
    model: null,
    archived: undefined,
    at,
  }
}

const FLOAT32: Readonly<Record<Width, (numbers: Uint8Array) => Uint8Array>> = {
  2: widened,
  4: numbers => numbers,
  8: narrowed,
}

/** float16 to float32, which can hold every float16. */
function widened(numbers: Uint8Array): Uint8Array {
  const bits = float32OfFloat16()
  const wide = new DataView(new ArrayBuffer(numbers.length * 2))
  for (let i = 0; i < numbers.length; i += 2) {
    wide.setUint32(2 * i, bits[numbers[i] | (numbers[i + 1] << 8)], true)
  }
  return new Uint8Array(wide.buffer)
}

/** float64 to float32. A number that is too large becomes infinite, and is refused as such. */
function narrowed(numbers: Uint8Array): Uint8Array {
  const view = new DataView(numbers.buffer, numbers.byteOffset, numbers.length)
  const narrow = new DataView(new ArrayBuffer(numbers.length / 2))
  for (let i = 0; i < numbers.length / 8; i++) {
    narrow.setFloat32(4 * i, view.getFloat64(8 * i, true), true)
  }
  return new Uint8Array(narrow.buffer)
}
