import { argumentError } from './argument-error.ts'
import { decodeBase64 } from './base64.ts'
import { describeValue } from './describe-value.ts'
import { decodeEmbedding } from './embedding.ts'
import { VecError } from './errors.ts'
import { isFiniteVector, notFinite } from './finite.ts'

/**
 * Parses a vector from text, by the rules of the original. Text that begins with `[` is tried as a JSON array. Then it
 * is tried as base64 of an embedding's bytes. Then, if it contains a comma, it is tried as comma-separated numbers
 * (empty fields are skipped). Numbers are rounded to float32. `what` names the text in errors. TypeError for values
 * other than strings, VEC_EMBEDDING for text that is not a vector, and for NaN and infinities in it.
 *
 *     parseVectorText('[0.5, 0.25]') // the same as parseVectorText('0.5, 0.25') and parseVectorText('AAAAPwAAgD4=')
 */
export function parseVectorText(text: string, what = 'MATCH'): Float32Array {
  if (typeof text !== 'string') throw argumentError('parseVectorText()', 'text', text, 'a text')
  const trimmed = text.trim()
  if (trimmed === '') throw refuse(`vec: ${what} string is empty`)
  const vector = fromJson(trimmed) ?? fromBase64(trimmed) ?? fromCsv(trimmed, what)
  if (isFiniteVector(vector)) return vector
  const at = vector.findIndex(number => !Number.isFinite(number))
  throw notFinite(vector[at], at)
}

function fromJson(text: string): Float32Array | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const list: unknown = JSON.parse(text)
    if (!Array.isArray(list)) return undefined
    return list.every(isFloat32) ? Float32Array.from(list as number[]) : undefined
  } catch {
    return undefined
  }
}

function isFloat32(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(Math.fround(value))
}

/** Standard alphabet, padding required; line breaks are ignored. */
function fromBase64(text: string): Float32Array | undefined {
  const packed = text.replace(/[\r\n]/g, '')
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) return undefined
  const bytes = decodeBase64(packed)
  return bytes.length % 4 === 0 ? decodeEmbedding(bytes) : undefined
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const SPECIAL = /^[+-]?(inf|infinity)$|^nan$/i

function fromCsv(text: string, what: string): Float32Array {
  if (!text.includes(',')) {
    const refusal = refuse(
      `vec: ${what} string must be base64-encoded embedding or JSON/CSV float list`,
    )
    throw text.startsWith('[') ? withJsonFault(refusal, text) : refusal
  }
  const numbers: number[] = []
  for (const part of text.split(',')) {
    const field = part.trim()
    if (field === '') continue
    try {
      numbers.push(parseFloat32(field, `vec: invalid ${what} float ${JSON.stringify(field)}`))
    } catch (error) {
      if (text.startsWith('[')) throw withJsonFault(error as VecError, text)
      throw error
    }
  }
  return Float32Array.from(numbers)
}

/** The message is the original's, which names only the first piece. The hint says what is wrong with a JSON array. */
function withJsonFault({ message, hint }: VecError, text: string): VecError {
  return new VecError('VEC_EMBEDDING', message, { hint: `${jsonFault(text)}; ${hint}` })
}

function jsonFault(text: string): string {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    return 'the text begins like a JSON array, but is not valid JSON'
  }
  const numbers = Array.isArray(list) ? (list as unknown[]) : []
  const at = numbers.findIndex(value => !isFloat32(value))
  return at < 0
    ? 'expected a JSON array of finite numbers'
    : `number ${at} of the JSON array is ${describeValue(numbers[at])}: expected finite float32 numbers`
}

/** A decimal number by the rules of the original's language. `refusal` begins the error. */
function parseFloat32(field: string, refusal: string): number {
  if (SPECIAL.test(field)) {
    if (/nan/i.test(field)) return NaN
    return field.startsWith('-') ? -Infinity : Infinity
  }
  if (!DECIMAL.test(field)) {
    throw refuse(`${refusal}: strconv.ParseFloat: parsing ${JSON.stringify(field)}: invalid syntax`)
  }
  const value = Math.fround(Number(field))
  if (!Number.isFinite(value)) {
    throw refuse(
      `${refusal}: strconv.ParseFloat: parsing ${JSON.stringify(field)}: value out of range`,
    )
  }
  return value
}

function refuse(message: string): VecError {
  return new VecError('VEC_EMBEDDING', message, {
    hint: "write the vector as a BLOB of float32, as '[0.1, 0.2]', as base64 of the BLOB, or as '0.1, 0.2'",
  })
}
