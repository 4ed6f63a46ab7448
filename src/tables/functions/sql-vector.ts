import { F16 } from '../../core/embedding-type.ts'
import type { SqlValue } from '../../database/values.ts'
import type { Subtyped } from '../../sqlite/functions.ts'
import { isEmpty, TEXT_HINT, unreadable } from './vector-error.ts'
import { floatsOfText, int8sOfText } from './vector-text.ts'

/** A vector as sqlite-vec's functions see it. The subtype of a value determines the type of its bytes. */
export type SqlVector =
  | { readonly type: 'float32'; readonly numbers: Float32Array; readonly length: number }
  | { readonly type: 'int8'; readonly numbers: Int8Array; readonly length: number }
  /** The lowest bit of the first byte is the first number. */
  | { readonly type: 'bit'; readonly bytes: Uint8Array; readonly length: number }

export type VectorType = SqlVector['type']

/** The subtypes that sqlite-vec uses, and one for float16, which it does not have. */
export const SUBTYPE: Readonly<Record<VectorType | 'float16', number>> = {
  float32: 223,
  bit: 224,
  int8: 225,
  float16: 119,
}
/** The subtype of results of SQLite's JSON functions. */
export const JSON_SUBTYPE = 74
/** The subtype of the embedding column of a vec table: float32, which vec_to_json() writes without losing a digit. */
export const EMBEDDING_SUBTYPE = 118

/** Reads a vector of any type. Throws VEC_EMBEDDING for any other value. */
export function readSqlVector({ value, subtype }: Subtyped): SqlVector {
  switch (subtype) {
    case 0:
    case JSON_SUBTYPE:
    case SUBTYPE.float32:
    case EMBEDDING_SUBTYPE:
      return readFloats(value)
    case SUBTYPE.bit:
      return readBits(value)
    case SUBTYPE.int8:
      return readInt8s(value)
    case SUBTYPE.float16:
      return readHalves(value)
    default:
      throw unreadable(
        `Unknown subtype: ${subtype}`,
        'pass a BLOB, text, or the result of a vector function',
      )
  }
}

/** The float32 vector of a BLOB or a text; of a BLOB marked as float16 its numbers, as sqlite-vec does not know these. */
export function floatsOf({ value, subtype }: Subtyped): SqlVector & { type: 'float32' } {
  return subtype === SUBTYPE.float16 ? readHalves(value) : readFloats(value)
}

/** The float32 vector of a BLOB or a text, whatever its subtype is. */
export function readFloats(value: SqlValue): SqlVector & { type: 'float32' } {
  if (typeof value === 'string') return floats(floatsOfText(value))
  if (!(value instanceof Uint8Array)) {
    throw unreadable(
      `Input must have type BLOB (compact format) or TEXT (JSON), found ${typeName(value)}`,
      `${TEXT_HINT}, or bind a Float32Array`,
    )
  }
  if (value.length === 0) throw isEmpty()
  if (value.length % 4 !== 0) {
    throw unreadable(
      `invalid float32 vector BLOB length. Must be divisible by 4, found ${value.length}`,
      'vec_int8() and vec_bit() mark a BLOB as int8 or bits',
    )
  }
  const aligned = value.byteOffset % 4 === 0 ? value : value.slice()
  return floats(new Float32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4))
}

/** The float32 numbers of a BLOB of float16. */
function readHalves(value: SqlValue): SqlVector & { type: 'float32' } {
  if (!(value instanceof Uint8Array)) throw unreadable('Unknown type for float16 vector.', F16_HINT)
  if (value.length === 0) throw isEmpty()
  if (value.length % F16.bytes !== 0) {
    throw unreadable(
      `invalid float16 vector BLOB length. Must be divisible by 2, found ${value.length}`,
      F16_HINT,
    )
  }
  const numbers = new Float32Array(value.length / F16.bytes)
  F16.decode(value, numbers)
  return floats(numbers)
}

const F16_HINT =
  'vec_f16() reads a BLOB of float16, 2 bytes per number, and rounds text and other vectors'

/**
 * The bytes of float16 of a vector: text and marked vectors are rounded to it, and a BLOB without a mark has them
 * already. Throws VEC_EMBEDDING for numbers that float16 cannot hold.
 */
export function halvesOf(given: Subtyped): Uint8Array {
  const { value, subtype } = given
  const isBytes = value instanceof Uint8Array && (subtype === 0 || subtype === SUBTYPE.float16)
  if (isBytes) {
    readHalves(value)
    return value
  }
  const vector = readSqlVector(given)
  if (vector.type === 'bit') throw unreadable('Unknown type for float16 vector.', F16_HINT)
  return F16.encode(new Float32Array(vector.numbers), 'vec_f16()', 'the vector')
}

/** The int8 vector of a BLOB or a text. */
export function readInt8s(value: SqlValue): SqlVector & { type: 'int8' } {
  if (typeof value === 'string') return int8s(int8sOfText(value))
  if (!(value instanceof Uint8Array)) {
    throw unreadable('Unknown type for int8 vector.', "pass a BLOB, or text: '[1, -2]'")
  }
  if (value.length === 0) throw isEmpty()
  return int8s(new Int8Array(value.buffer, value.byteOffset, value.length))
}

/** The bit vector of a BLOB. */
export function readBits(value: SqlValue): SqlVector & { type: 'bit' } {
  if (!(value instanceof Uint8Array)) {
    throw unreadable('Unknown type for bitvector.', "pass a BLOB, with 8 bits per byte: x'0F'")
  }
  if (value.length === 0) throw isEmpty()
  return { type: 'bit', bytes: value, length: value.length * 8 }
}

export function floats(numbers: Float32Array): SqlVector & { type: 'float32' } {
  return { type: 'float32', numbers, length: numbers.length }
}

export function int8s(numbers: Int8Array): SqlVector & { type: 'int8' } {
  return { type: 'int8', numbers, length: numbers.length }
}

/** The BLOB that a vector is stored as. */
export function bytesOf(vector: SqlVector): Uint8Array {
  if (vector.type === 'bit') return vector.bytes
  const { buffer, byteOffset, byteLength } = vector.numbers
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** INTEGER arrives as bigint, which distinguishes 1 from 1.0. */
function typeName(value: null | number | bigint): string {
  if (value === null) return 'NULL'
  return typeof value === 'bigint' ? 'INTEGER' : 'FLOAT'
}
