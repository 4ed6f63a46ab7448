import { VecError } from '../errors.ts'

/**
 * The bytes of an embedding as they stand in a BLOB: float32, little-endian, no header. Numbers are rounded to
 * float32; NaN and infinities are refused, also those that rounding makes.
 */
export function encodeEmbedding(vector: ArrayLike<number>): Uint8Array {
  const rounded = Float32Array.from(vector)
  if (!isFiniteVector(rounded)) {
    const at = rounded.findIndex(value => !Number.isFinite(value))
    throw notFinite(vector[at], at)
  }
  if (LITTLE_ENDIAN) return new Uint8Array(rounded.buffer)
  const bytes = new Uint8Array(vector.length * 4)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < rounded.length; i++) view.setFloat32(4 * i, rounded[i], true)
  return bytes
}

/** The vector in an embedding's bytes, always a copy. Throws VEC_EMBEDDING when the length is no multiple of 4. */
export function decodeEmbedding(bytes: Uint8Array): Float32Array {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(
      `decodeEmbedding() takes a Uint8Array of little-endian float32, not ${typeof bytes}`,
    )
  }
  if (bytes.length % 4 !== 0) {
    throw new VecError(
      'VEC_EMBEDDING',
      `vector: invalid embedding blob length ${bytes.length} (not multiple of 4)`,
      { hint: 'an embedding is float32, 4 bytes a number: encode it with encodeEmbedding()' },
    )
  }
  const vector = new Float32Array(bytes.length / 4)
  if (LITTLE_ENDIAN) new Uint8Array(vector.buffer).set(bytes)
  else {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let i = 0; i < vector.length; i++) vector[i] = view.getFloat32(4 * i, true)
  }
  return vector
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** Whether every number is finite; searches know no other vectors. */
export function isFiniteVector(vector: Float32Array): boolean {
  // One NaN or infinity makes the sum NaN; finite float32 minus themselves never do.
  let sum = 0
  for (let i = 0; i < vector.length; i++) sum += vector[i] - vector[i]
  return sum === 0
}

export function notFinite(value: unknown, at: number): VecError {
  return new VecError(
    'VEC_EMBEDDING',
    `vector: number ${at} of the embedding is ${String(value)}: finite float32 numbers are expected`,
    { hint: 'check what the embedding model returned before it is stored or asked for' },
  )
}

/** The shortest decimals that read back as the same float32, in the form of a JSON array. */
export function embeddingToJson(vector: Float32Array): string {
  return `[${Array.from(vector, float32ToText).join(',')}]`
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
