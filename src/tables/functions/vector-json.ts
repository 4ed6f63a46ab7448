import { embeddingToJson } from '../../core/embedding.ts'
import type { SqlVector } from './sql-vector.ts'

/** SQLite's `printf('%f')`. */
export type Printf = (value: number) => string

/**
 * A vector as sqlite-vec writes it: six decimals for float32, integers for int8, 0 and 1 for bits, beginning with the
 * lowest bit of a byte. NaN is null. Infinities are Inf and -Inf, which no JSON parser reads.
 */
export function vectorToJson(vector: SqlVector, printf: Printf): string {
  if (vector.type !== 'float32') return integersToJson(vector)
  return `[${Array.from(vector.numbers, value => sixDecimals(value, printf)).join(',')}]`
}

/** The vector in the shortest decimals that read back as the same float32; null for NaN and infinities. */
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
  // SQLite prints 16 significant digits. Below 1e9 these are all digits; beyond, SQLite rounds in its own way.
  return Math.abs(value) < 1e9 ? value.toFixed(6) : printf(value)
}
