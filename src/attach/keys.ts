import { argumentError } from '../core/argument-error.ts'
import { Utf8 } from '../core/utf8.ts'
import type { KeyColumn } from '../search/schema/document-columns.ts'

/** The id of a row: a number for an INTEGER column (a bigint beyond 2^53), a string for a TEXT column. */
export type DocumentId = string | number | bigint

/** A byte order mark is part of an id. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()
const LIMIT = 2n ** 63n

/** The text by which search identifies a value of a key column. Throws TypeError for a value of another kind. */
export function requireKey(
  where: string,
  name: string,
  value: unknown,
  kind: KeyColumn['kind'],
): string {
  if (kind === 'text') {
    if (typeof value === 'string' && value.trim() !== '') return value
    throw argumentError(where, name, value, 'a text that is not empty')
  }
  const integer =
    typeof value === 'bigint'
      ? value
      : Number.isSafeInteger(value)
        ? BigInt(value as number)
        : undefined
  if (integer !== undefined && integer >= -LIMIT && integer < LIMIT) return String(integer)
  throw argumentError(where, name, value, 'an integer of at most 64 bits, as the column holds it')
}

export function requireKeys(
  where: string,
  name: string,
  values: unknown,
  kind: KeyColumn['kind'],
): string[] {
  if (!Array.isArray(values)) throw argumentError(where, name, values, 'an array of ids')
  return Array.from(values, (value, i) => requireKey(where, `${name}[${i}]`, value, kind))
}

export function keyBytes(key: string): Uint8Array {
  return encoder.encode(key)
}

/** The value of a key column, from the text by which search identifies it. */
export function keyValue(bytes: Uint8Array, kind: KeyColumn['kind']): DocumentId {
  const text = decoder.decode(bytes)
  if (kind === 'text') return text
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}

/** The value of a key for an INSERT. */
export function storedKey(key: string, kind: KeyColumn['kind']): bigint | Utf8 {
  return kind === 'integer' ? BigInt(key) : new Utf8(keyBytes(key))
}
