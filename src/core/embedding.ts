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
 * The bytes of an embedding as they stand in a BLOB: float32, little-endian, no header. Numbers are rounded to float32.
 * TypeError for what is no vector (a Promise, text, bytes, integer arrays), VEC_EMBEDDING for an empty vector and for
 * NaN, infinities and numbers that overflow float32.
 *
 *     encodeEmbedding([0.5, 0.25]) // 8 bytes
 */
export function encodeEmbedding(vector: VectorInput): Uint8Array {
  return bytesOfVector(readVector(vector, 'encodeEmbedding()'))
}

/**
 * The vector in an embedding's bytes, always a copy. TypeError for what is no bytes, VEC_EMBEDDING when the length is no
 * multiple of 4. What is stored is told as it is: NaN and infinities too, and no numbers for an empty BLOB.
 */
export function decodeEmbedding(bytes: EmbeddingBytes): Float32Array {
  return readBytes(bytes, 'decodeEmbedding()')
}

/**
 * The shortest decimals that read back as the same float32, in the form of a JSON array; `null` for NaN and infinities,
 * which a decoded embedding may hold. Errors as for encodeEmbedding.
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
