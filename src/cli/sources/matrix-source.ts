import { inputError } from '../cli-error.ts'
import type { ByteStream } from './byte-stream.ts'
import { placeOf, type Document, type DocumentSource } from './document.ts'
import { MAX_NPY_HEADER, readNpyHeader, type MatrixShape } from './npy-header.ts'
import type { RowLabels } from './row-labels.ts'

/** Numbers row by row, without or with the head of a .npy file; what else belongs to a row comes from `labels`. */
export class MatrixSource implements DocumentSource {
  readonly unit = 'row'
  readonly metric = undefined
  readonly name: string
  readonly #stream: ByteStream
  readonly #labels: RowLabels
  /** Dimensions of raw float32; undefined: a .npy file, which says itself. */
  readonly #dim: number | undefined

  constructor(stream: ByteStream, labels: RowLabels, dim: number | undefined) {
    this.name = stream.name
    this.#stream = stream
    this.#labels = labels
    this.#dim = dim
  }

  get total(): number | undefined {
    return this.#stream.size
  }

  get done(): number {
    return this.#stream.done
  }

  async *documents(): AsyncGenerator<readonly Document[]> {
    let shape = this.#dim === undefined ? undefined : this.#rawShape(this.#dim)
    if (shape) await this.#expect(shape)
    let rest: Uint8Array = new Uint8Array(0)
    let row = 0
    for await (const part of this.#stream) {
      let bytes = rest.length === 0 ? part : Buffer.concat([rest, part])
      if (!shape) {
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
      const count = Math.min(Math.floor(bytes.length / rowBytes), shape.rows - row)
      const documents: Document[] = []
      const labels = await this.#labels.next(count)
      for (let i = 0; i < count; i++) {
        const at = row + i + 1
        const numbers = bytes.subarray(i * rowBytes, (i + 1) * rowBytes)
        const embedding = shape.width === 4 ? numbers : this.#narrowed(numbers, at)
        documents.push({ ...labels[i], embedding, at })
      }
      row += count
      rest = bytes.subarray(count * rowBytes)
      if (documents.length > 0) yield documents
      if (row === shape.rows) break
    }
    if (!shape) throw this.#cut()
    if (rest.length > 0 && row < shape.rows) {
      const rowBytes = shape.dim * shape.width
      throw inputError(
        `${this.name} ends in the middle of row ${row + 1}: ${rest.length} bytes of ${rowBytes}`,
        `is ${shape.dim} the right number of dimensions?`,
      )
    }
    if (Number.isFinite(shape.rows) && row < shape.rows) {
      throw inputError(`${this.name} ends after ${row} rows, its head says ${shape.rows}`)
    }
    await this.#labels.finish(row)
  }

  close(): void {
    this.#labels.close()
  }

  #rawShape(dim: number): MatrixShape {
    return { rows: Infinity, dim, width: 4, offset: 0 }
  }

  /** What can be known before the first row is stored. */
  async #expect({ rows, dim, width, offset }: MatrixShape): Promise<void> {
    const { size } = this.#stream
    const rowBytes = dim * width
    if (size === undefined) return
    const found = (size - offset) / rowBytes
    if (!Number.isInteger(found)) {
      throw inputError(
        `${this.name} has ${size - offset} bytes of numbers: that is no whole number of rows of ${dim} (${rowBytes} bytes)`,
        this.#dim === undefined ? 'the file may be cut off' : 'check --dim',
      )
    }
    if (Number.isFinite(rows) && found !== rows) {
      throw inputError(`${this.name} holds ${found} rows, its head says ${rows}`)
    }
    await this.#labels.expect(found)
  }

  #narrowed(numbers: Uint8Array, at: number): Uint8Array {
    const view = new DataView(numbers.buffer, numbers.byteOffset, numbers.length)
    const narrow = new DataView(new ArrayBuffer(numbers.length / 2))
    for (let i = 0; i < numbers.length / 8; i++) {
      const value = view.getFloat64(8 * i, true)
      if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
        throw inputError(`${placeOf(this, at)}: ${value} is beyond what float32 can hold`)
      }
      narrow.setFloat32(4 * i, value, true)
    }
    return new Uint8Array(narrow.buffer)
  }

  #cut(): Error {
    return inputError(`${this.name} ends within the head of a .npy file`)
  }
}
