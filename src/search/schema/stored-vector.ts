import { F32, type EmbeddingType } from '../../core/embedding-type.ts'
import type { RowReader } from '../../database/row-reader.ts'

/**
 * How many numbers the embedding in a column has: 0 for NULL and empty values, -1 for what is not a vector of the type.
 * TEXT counts as its bytes in a table of float32, as in the original.
 */
export function vectorLength(type: EmbeddingType, row: RowReader, column: number): number {
  if (
    row.isBlob(column) ||
    (row.isText(column) && (type === F32 || row.byteLength(column) === 0))
  ) {
    const length = row.byteLength(column)
    return length % type.bytes === 0 ? length / type.bytes : -1
  }
  return row.isNull(column) ? 0 : -1
}

/** The embedding in a column, of `dim` numbers, as float32 bytes: a view that is valid until the next statement or call. */
export function vectorBytes(
  type: EmbeddingType,
  row: RowReader,
  column: number,
  dim: number,
): Uint8Array {
  return float32Bytes(type, row.bytes(column, dim * type.bytes))
}

let floats = new Float32Array(0)

/** Stored bytes as those of float32: a view that is valid until the next call. */
export function float32Bytes(type: EmbeddingType, stored: Uint8Array): Uint8Array {
  if (type === F32) return stored
  const dim = stored.length / type.bytes
  if (floats.length < dim) floats = new Float32Array(dim)
  type.decode(stored, floats.length === dim ? floats : floats.subarray(0, dim))
  return new Uint8Array(floats.buffer, 0, dim * 4)
}

/** SQL: whether a column holds a BLOB, or in a table of float32 a TEXT. */
export function holdsBytes(type: EmbeddingType, column: string): string {
  return type === F32 ? `typeof(${column}) IN ('blob', 'text')` : `typeof(${column}) = 'blob'`
}
