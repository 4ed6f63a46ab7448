import { embeddingToJson } from '../../core/embedding.ts'
import type { SqlVector } from './sql-vector.ts'

/** `printf('%f')` of SQLite. */
export type Printf = (value: number) => string

/**
 * A vector as sqlite-vec writes it: six decimals for float32, whole numbers for int8, 0 and 1 for bits, the lowest bit
 * of a byte first. NaN is null; infinities are Inf and -Inf, which no JSON parser reads.
 */
export function vectorToJson(vector: SqlVector, printf: Printf): string {
  if (vector.type !== 'float32') return integersToJson(vector)
  return `[${Array.from(vector.numbers, value => sixDecimals(value, printf)).join(',')}]`
}

/** The same in the shortest decimals that read back as the same float32; null for NaN and infinities. */
export function vectorToExactJson(vector: SqlVector): string {
  return vector.type === 'float32' ? embeddingToJson(vector.numbers) : integersToJson(vector)
}

function integersToJson(vector: Exclude<SqlVector, { type: 'float32' }>): string {
  const numbers =
    vector.type === 'int8'
      ? vector.numbers
      : Array.from({ length: vector.length }, (_, i) => (vector.bytes[i >> 3] >> (i & 7)) & 1)
  return `[${numbers.join(',')}]`
}

function sixDecimals(value: number, printf: Printf): string {
  if (Number.isNaN(value)) return 'null'
  if (!Number.isFinite(value)) return value > 0 ? 'Inf' : '-Inf'
  // SQLite prints 16 significant digits. Up to here these are all of them; beyond, its digits are its own.
  return Math.abs(value) < 1e9 ? value.toFixed(6) : printf(value)
}
