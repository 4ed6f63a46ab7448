import { typedArrayName } from './describe-value.ts'
import {
  bytesOfVector,
  readBytes,
  readVector,
  type EmbeddingBytes,
  type VectorInput,
} from './read-vector.ts'

export { isFiniteVector, notFinite } from './finite.ts'

/**
 * The bytes of an embedding, as a BLOB stores them: float32, little-endian, no header. Numbers are rounded to float32.
 * TypeError for values that are not vectors (a Promise, text, bytes, integer arrays), VEC_EMBEDDING for an empty vector and for
 * NaN, infinities and numbers that overflow float32.
 *
 *     encodeEmbedding([0.5, 0.25]) // 8 bytes
 */
export function encodeEmbedding(vector: VectorInput): Uint8Array {
  return bytesOfVector(readVector(vector, 'encodeEmbedding()'))
}

/**
 * Decodes the bytes of an embedding to a vector, which is always a copy. TypeError for other values, VEC_EMBEDDING if
 * the length is not a multiple of 4. NaN and infinities are returned unchanged, and an empty BLOB gives an empty
 * vector.
 *
 *     decodeEmbedding(encodeEmbedding([0.5])) // Float32Array(1) [ 0.5 ]
 */
export function decodeEmbedding(bytes: EmbeddingBytes): Float32Array {
  return readBytes(bytes, 'decodeEmbedding()')
}

/**
 * A JSON array of the shortest decimals that read back as the same float32; `null` for NaN and infinities,
 * which a decoded embedding may contain. Errors as for encodeEmbedding.
 *
 *     embeddingToJson([0.1, 0.2]) // '[0.1,0.2]'
 */
export function embeddingToJson(vector: VectorInput): string {
  const decoded = typedArrayName(vector) === 'Float32Array'
  const numbers = decoded ? (vector as Float32Array) : readVector(vector, 'embeddingToJson()')
  if (numbers.length === 0) return '[]'
  return `[${Array.from(numbers, float32ToText).join(',')}]`
}

function float32ToText(value: number): string {
  if (!Number.isFinite(value)) return 'null'
  if (Object.is(value, -0)) return '-0'
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits)
    if (Math.fround(Number(text)) === value) return String(Number(text))
  }
  return String(Number(value.toPrecision(9)))
}
