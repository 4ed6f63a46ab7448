import type { DocumentId } from './keys.ts'

/** Hits as a subquery for SQL. */
export interface VectorJoin {
  /** A subquery in parentheses with the columns `rank` (from 0), `id`, `score` and `distance`, and one plain `?`. */
  readonly sql: string
  /** The value for the `?`: JSON text. */
  readonly parameter: string
}

const SQL = `(SELECT key AS rank, json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS score, json_extract(value, '$[2]') AS distance FROM json_each(?))`

export function joined(
  hits: readonly { id: DocumentId; score: number; distance: number }[],
): VectorJoin {
  const rows = hits.map(
    ({ id, score, distance }) => `[${jsonOf(id)},${jsonOf(score)},${jsonOf(distance)}]`,
  )
  return { sql: SQL, parameter: `[${rows.join(',')}]` }
}

/** JSON numbers for SQLite: a REAL has a point or an exponent, and an infinity is beyond the range of doubles. */
function jsonOf(value: DocumentId): string {
  if (typeof value !== 'number')
    return typeof value === 'bigint' ? String(value) : JSON.stringify(value)
  if (!Number.isFinite(value)) return value > 0 ? '9e999' : '-9e999'
  return String(value)
}
