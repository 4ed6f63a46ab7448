import { ByteReader } from '../../core/byte-reader.ts'
import { ByteWriter } from '../../core/byte-writer.ts'
import { IdList } from './id-list.ts'
import type { OriginalBrute, OriginalRows } from './original-index.ts'

/** Reads the legacy layout. Bytes after the last row are ignored, as in the original. */
export function decodeBrute(bytes: Uint8Array): OriginalBrute {
  const reader = new ByteReader(bytes, 'brute-force list')
  const dim = reader.u32('the dimension')
  const count = reader.u32('the row count')
  if (count === 0) {
    const none = new Uint32Array(0)
    return {
      kind: 'brute',
      dim: 0,
      ids: new IdList(bytes, none, none),
      vectors: new Float32Array(0),
    }
  }
  const rowBytes = 4 * dim
  reader.need(count * (4 + rowBytes), `a list of ${count} rows of ${dim} dimensions`)
  const starts = new Uint32Array(count)
  const lengths = new Uint32Array(count)
  const vectors = new Float32Array(count * dim)
  const vectorBytes = new Uint8Array(vectors.buffer)
  for (let i = 0; i < count; i++) {
    lengths[i] = reader.u32('the length of an id')
    starts[i] = reader.offset
    reader.skip(lengths[i], 'an id')
    vectorBytes.set(reader.bytes(rowBytes, 'a vector'), i * rowBytes)
  }
  return { kind: 'brute', dim, ids: new IdList(bytes, starts, lengths), vectors }
}

/** The bytes that the original writes for these rows. */
export function encodeBrute(rows: OriginalRows): Uint8Array<ArrayBuffer> {
  const { dim, ids, vectors } = rows
  // Without rows or numbers, the original writes an empty list, whatever the ids.
  const count = dim === 0 ? 0 : ids.count
  const rowBytes = 4 * dim
  if (vectors.length < count * dim) {
    throw new RangeError(
      `expected ${count} rows of ${dim} dimensions, got ${vectors.length} numbers`,
    )
  }
  const writer = new ByteWriter(8 + count * (4 + rowBytes) + (count === 0 ? 0 : ids.byteLength))
  writer.u32(count === 0 ? 0 : dim)
  writer.u32(count)
  const vectorBytes = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength)
  for (let i = 0; i < count; i++) {
    const id = ids.bytes(i)
    writer.u32(id.length)
    writer.bytes(id)
    writer.bytes(vectorBytes.subarray(i * rowBytes, (i + 1) * rowBytes))
  }
  return writer.finish()
}
