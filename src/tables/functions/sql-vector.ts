import { VecError } from '../../core/errors.ts'
import type { SqlValue } from '../../database/values.ts'
import type { Subtyped } from '../../sqlite/functions.ts'
import { readFloat32, readInteger } from './c-numbers.ts'

/** A vector as sqlite-vec's functions see it: the subtype of a value says what its bytes mean. */
export type SqlVector =
  | { readonly type: 'float32'; readonly numbers: Float32Array; readonly length: number }
  | { readonly type: 'int8'; readonly numbers: Int8Array; readonly length: number }
  /** The first number is the lowest bit of the first byte. */
  | { readonly type: 'bit'; readonly bytes: Uint8Array; readonly length: number }

export type VectorType = SqlVector['type']

/** The subtypes of sqlite-vec. */
export const SUBTYPE: Readonly<Record<VectorType, number>> = { float32: 223, bit: 224, int8: 225 }
/** What SQLite's JSON functions give. */
export const JSON_SUBTYPE = 74

/**
 * Messages of sqlite-vec, word for word, its misspellings included: programs that move here compare them. A hint of our
 * own says what to do.
 */
export function unreadable(message: string, hint: string): VecError {
  return new VecError('VEC_EMBEDDING', message, { hint })
}

function isEmpty(): VecError {
  return unreadable('zero-length vectors are not supported.', 'a vector has at least one number')
}

const TEXT_HINT = "write a vector as '[0.1, 0.2]'"

/** Reads a vector of any type. VEC_EMBEDDING for what is none. */
export function readSqlVector({ value, subtype }: Subtyped): SqlVector {
  switch (subtype) {
    case 0:
    case JSON_SUBTYPE:
    case SUBTYPE.float32:
      return readFloats(value)
    case SUBTYPE.bit:
      return readBits(value)
    case SUBTYPE.int8:
      return readInt8s(value)
    default:
      throw unreadable(
        `Unknown subtype: ${subtype}`,
        'give a BLOB, a text, or the result of a function of vectors',
      )
  }
}

/** The float32 vector of a BLOB or a text, whatever its subtype is. */
export function readFloats(value: SqlValue): SqlVector & { type: 'float32' } {
  if (typeof value === 'string') {
    const bits = Uint32Array.from(
      elements(value, (text, at) => {
        const read = readFloat32(text, at)
        if (read === 'range') throw unreadable('JSON parsing error', `${TEXT_HINT}, of float32s`)
        return read
      }),
    )
    return floats(new Float32Array(bits.buffer))
  }
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
      'vec_int8() and vec_bit() say that a BLOB holds other numbers',
    )
  }
  const bytes = Uint8Array.from(value)
  return floats(new Float32Array(bytes.buffer))
}

/** The int8 vector of a BLOB or a text. */
export function readInt8s(value: SqlValue): SqlVector & { type: 'int8' } {
  if (typeof value === 'string') return int8s(Int8Array.from(elements(value, readInt8)))
  if (!(value instanceof Uint8Array)) {
    throw unreadable('Unknown type for int8 vector.', "give a BLOB, or a text: '[1, -2]'")
  }
  if (value.length === 0) throw isEmpty()
  return int8s(Int8Array.from(value))
}

/** The bit vector of a BLOB. */
export function readBits(value: SqlValue): SqlVector & { type: 'bit' } {
  if (!(value instanceof Uint8Array)) {
    throw unreadable('Unknown type for bitvector.', "give a BLOB, 8 bits a byte: x'0F'")
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

const INT8_HINT = 'an int8 is a whole number from -128 to 127'

function readInt8(text: string, at: number): { value: number; end: number } | undefined {
  const read = readInteger(text, at)
  if (!read) return undefined
  const { value, end } = read
  if (BigInt.asIntN(64, value) !== value) throw unreadable('JSON parsing error', INT8_HINT)
  if (BigInt.asIntN(8, value) !== value) {
    throw unreadable('JSON parsing error: value out of range for int8', INT8_HINT)
  }
  return { value: Number(value), end }
}

const SPACE = /[ \t\n\r]*/y
const SEPARATORS = /[ \t\n\r,]*/y

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  pattern.exec(text)
  return pattern.lastIndex
}

/**
 * The elements of a list by the rules of sqlite-vec, which are laxer than JSON: commas and white space separate, any
 * number of them or none, the closing bracket may be missing, and what follows it is not read.
 */
function elements<T>(
  text: string,
  read: (text: string, at: number) => { value: T; end: number } | undefined,
): T[] {
  if (text === '') throw isEmpty()
  const open = skip(SPACE, text, 0)
  if (text[open] !== '[') {
    throw unreadable("JSON array parsing error: Input does not start with '['", TEXT_HINT)
  }
  const found: T[] = []
  let at = open + 1
  while (at < text.length && text[at] !== ']') {
    const element = read(text, at)
    if (!element) throw unreadable('JSON parsing error', TEXT_HINT)
    found.push(element.value)
    at = skip(SEPARATORS, text, element.end)
  }
  if (found.length === 0) throw isEmpty()
  return found
}

/** INTEGER arrives as bigint, so that 1.0 is known from 1. */
function typeName(value: null | number | bigint): string {
  if (value === null) return 'NULL'
  return typeof value === 'bigint' ? 'INTEGER' : 'FLOAT'
}
