import { VecError } from './errors.ts'
import { float16Bits, float32OfFloat16 } from './float16.ts'
import { bytesOfVector, takeBytes } from './read-vector.ts'

export const EMBEDDING_TYPES = ['f32', 'f16', 'int8'] as const
/** The name of a type of stored embeddings, as in `vec(doc_id, type=f16)`. */
export type EmbeddingTypeName = (typeof EMBEDDING_TYPES)[number]

/**
 * How the numbers of an embedding are stored. Everything but the column of the shadow table works with float32: what
 * is written is rounded to the stored type, and what is read is decoded without a further error.
 */
export interface EmbeddingType {
  readonly name: EmbeddingTypeName
  /** For int8: the number that is stored as 127. */
  readonly range: number | undefined
  /** The bytes of one number. */
  readonly bytes: 1 | 2 | 4
  /** The declared type of the column, which tells how its BLOBs are read. */
  readonly declared: string
  /** The float32 numbers of stored bytes, whose length is a multiple of `bytes`. `into` is as long as they are. */
  decode(stored: Uint8Array, into: Float32Array): void
  /** The bytes to store. Throws VEC_EMBEDDING for a number that the type cannot hold, and its place. */
  encode(vector: Float32Array, where: string, what?: string): Uint8Array
}

/** Little-endian float32, the original's type. The column is declared as BLOB. */
export const F32: EmbeddingType = {
  name: 'f32',
  range: undefined,
  bytes: 4,
  declared: 'BLOB',
  decode: (stored, into) => into.set(takeBytes(stored)),
  encode: vector => bytesOfVector(new Float32Array(vector)),
}

/** Little-endian float16 (IEEE 754): 11 bits of precision, up to 65504. */
export const F16: EmbeddingType = {
  name: 'f16',
  range: undefined,
  bytes: 2,
  declared: 'VEC_F16_BLOB',
  decode(stored, into) {
    const bits = new Uint32Array(into.buffer, into.byteOffset, into.length)
    const ofFloat16 = float32OfFloat16()
    for (let i = 0, at = 0; at < stored.length; i++, at += 2) {
      bits[i] = ofFloat16[stored[at] | (stored[at + 1] << 8)]
    }
  },
  encode(vector, where, what) {
    const stored = new Uint8Array(vector.length * 2)
    let rest = 0
    for (let i = 0; i < vector.length; i++) {
      const bits = float16Bits(vector[i])
      if ((bits & 0x7c00) === 0x7c00) {
        throw beyond(vector[i], i, where, what, 'float16 numbers from -65504 to 65504', F32_HINT)
      }
      rest |= bits & 0x7fff
      stored[2 * i] = bits
      stored[2 * i + 1] = bits >>> 8
    }
    if (rest === 0) requireZero(vector, where, what, 'as float16', F32_HINT)
    return stored
  },
}

const F32_HINT = 'scale the vectors, or make the table without type'

/** The largest range, so that every stored number is a float32. */
const MOST_RANGE = 1e38

export const RANGE_RULE: string = `a number from ${1 / MOST_RANGE} to ${MOST_RANGE}`

export function isRange(range: number): boolean {
  return range >= 1 / MOST_RANGE && range <= MOST_RANGE
}

/**
 * Signed bytes: the byte q is the float32 nearest to q * range / 127. A number is stored as the nearest integer to
 * number * 127 / range (of two, the even one), which must be from -128 to 127. So every byte is a number, and every
 * stored number is written back as the same byte: float32 moves it by less than 128 * 2^-24 of a step.
 */
export function int8Type(range: number): EmbeddingType {
  const numbers = Float32Array.from(
    { length: 256 },
    (_, byte) => (((byte << 24) >> 24) * range) / 127,
  )
  const hint = `scale the vectors, or make the table with a larger range: type=int8, int8_range=${range * 2}`
  return {
    name: 'int8',
    range,
    bytes: 1,
    declared: `VEC_I8_BLOB(${range})`,
    decode(stored, into) {
      for (let i = 0; i < stored.length; i++) into[i] = numbers[stored[i]]
    },
    encode(vector, where, what) {
      const stored = new Uint8Array(vector.length)
      let rest = 0
      for (let i = 0; i < vector.length; i++) {
        const step = nearestEven((vector[i] * 127) / range)
        if (!(step >= -128 && step <= 127)) {
          throw beyond(vector[i], i, where, what, `numbers from ${-range} to ${range}`, hint)
        }
        rest |= step
        stored[i] = step
      }
      if (rest === 0) {
        requireZero(vector, where, what, `in steps of ${range / 127}`, 'use a smaller int8_range')
      }
      return stored
    },
  }
}

function nearestEven(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below
}

/** The bytes to store of a vector given as those of float32. Errors as for `encode`. */
export function storedBytes(
  type: EmbeddingType,
  float32: Uint8Array,
  where: string,
  what?: string,
): Uint8Array {
  return type === F32 ? float32 : type.encode(takeBytes(float32), where, what)
}

/**
 * The type of a column from its declared type: float32 unless that begins with VEC_. Undefined for a type that this
 * version does not know.
 */
export function typeOfColumn(declared: string): EmbeddingType | undefined {
  const words = declared.trim().toUpperCase()
  if (!words.startsWith('VEC_')) return F32
  if (words === F16.declared) return F16
  const range = Number(/^VEC_I8_BLOB\s*\(\s*([^()\s]+)\s*\)$/.exec(words)?.[1] ?? NaN)
  return isRange(range) ? int8Type(range) : undefined
}

/** The arguments of vec(...) that declare the type; empty for float32. */
export function typeArguments({ name, range }: EmbeddingType): string {
  if (name === 'f32') return ''
  return range === undefined || range === 1 ? `type=${name}` : `type=${name}, int8_range=${range}`
}

/** Whether two types store the same numbers in the same bytes. */
export function isSameType(a: EmbeddingType, b: EmbeddingType): boolean {
  return a.declared === b.declared
}

function beyond(
  value: number,
  at: number,
  where: string,
  what = 'the embedding',
  expected: string,
  hint: string,
): VecError {
  return new VecError(
    'VEC_EMBEDDING',
    `${where}: number ${at} of ${what} is ${value}: expected ${expected}`,
    { hint },
  )
}

/** A vector that is not zero must not become zero, since searches could not find it. */
function requireZero(
  vector: Float32Array,
  where: string,
  what = 'the embedding',
  stored: string,
  hint: string,
): void {
  if (vector.every(number => number === 0)) return
  throw new VecError(
    'VEC_EMBEDDING',
    `${where}: every number of ${what} is 0 ${stored}: expected at least one that is not`,
    { hint },
  )
}
