import { exactSimilarity, similarityToScore } from '../../src/core/similarity.ts'
import type { BindValue, Connection, Metric } from '../../src/entries/main.ts'
import { storedNumbers } from '../vec/stored-numbers.ts'

export interface Question {
  /** Schema and name of the vec table; the shadow table is beside it unless `shadow` says where. */
  readonly schema?: string
  readonly table: string
  readonly shadow?: string
  readonly dataset: string
  readonly query: Float32Array
  readonly metric: Metric
  /** Rows wanted; undefined for all. */
  readonly limit?: number | undefined
  /** The share of the nearest rows that is wanted; undefined: what the table promises. */
  readonly recall?: number
}

export interface Found {
  readonly id: string
  readonly score: number
}

interface StoredRow {
  readonly id: Uint8Array
  readonly embedding: Uint8Array
}

/**
 * What a query must give: double arithmetic over the rows that this connection's transaction sees, best first, ties by
 * the bytes of the ids. `dims` are those of the vectors in the dataset, in the order of the file.
 */
export function bruteForce(db: Connection, question: Question): { found: Found[]; dims: number[] } {
  const { schema = 'main', table, dataset, query, metric, limit } = question
  const shadow = question.shadow ?? `"${schema}"."_vec_${table}"`
  const type = declaredType(db, schema, question.shadow ?? `_vec_${table}`)
  const select = db.prepare(
    `SELECT CAST(id AS BLOB) AS id, CAST(embedding AS BLOB) AS embedding FROM ${shadow}
     WHERE +dataset_id = ?1 COLLATE BINARY AND typeof(id) = 'text' AND coalesce(archived, 0) = 0
       AND typeof(embedding) IN ('blob', ${type.startsWith('VEC_') ? 'NULL' : "'text'"})`,
  )
  const rows = select.all(dataset) as StoredRow[]
  select.finalize()
  const scored: { id: Uint8Array; score: number; similarity: number }[] = []
  const dims: number[] = []
  for (const { id, embedding } of rows) {
    const vector = storedNumbers(type, embedding)
    if (!vector || vector.length === 0 || !vector.every(number => Number.isFinite(number))) continue
    dims.push(vector.length)
    if (vector.length !== query.length) continue
    const similarity = exactSimilarity(metric, query, vector)
    if (Number.isNaN(similarity)) continue
    scored.push({ id, similarity, score: similarityToScore(metric, similarity) })
  }
  // Cosines beyond 1 are shown as 1, and tie.
  const rank = metric === 'cosine' ? 'score' : 'similarity'
  scored.sort((a, b) => b[rank] - a[rank] || Buffer.compare(a.id, b.id))
  const found = scored
    .slice(0, limit)
    .map(({ id, score }) => ({ id: Buffer.from(id).toString(), score }))
  return { found, dims }
}

/** The declared type of the embeddings of a table; BLOB for anything but a plain name. */
function declaredType(db: Connection, schema: string, table: string): string {
  using select = db.prepare(`SELECT type FROM pragma_table_xinfo(?, ?) WHERE name = 'embedding'`)
  return (select.pluck().get(table, schema) ?? 'BLOB') as string
}

/** What the vec table gives. */
export function searched(db: Connection, question: Question): Found[] {
  const { schema = 'main', table, dataset, query, limit, recall } = question
  const params: BindValue[] = [dataset, query]
  if (recall !== undefined) params.push(recall)
  if (limit !== undefined) params.push(limit)
  const statement = db.prepare(
    `SELECT doc_id AS id, match_score AS score FROM "${schema}"."${table}"
     WHERE dataset_id = ? AND doc_id MATCH ?${recall === undefined ? '' : ' AND recall = ?'} ORDER BY match_score DESC${limit === undefined ? '' : ' LIMIT ?'}`,
  )
  try {
    return statement.all(...params) as Found[]
  } finally {
    statement.finalize()
  }
}

/**
 * Holds answers of several limits (undefined: all rows) against brute force, to the bit, each asked twice, as the second
 * query takes other ways than the first. Undefined when all is right, else what is wrong.
 */
export function wrong(
  db: Connection,
  question: Question,
  limits: readonly (number | undefined)[] = [question.limit],
): string | undefined {
  const { found, dims } = bruteForce(db, { ...question, limit: undefined })
  for (let n = 0; n < 2 * limits.length; n++) {
    const limit = limits[n % limits.length]
    const asked = { ...question, limit }
    let answer: Found[]
    try {
      answer = searched(db, asked)
    } catch (error) {
      // Rows of several dimensions: the first one's is the dataset's, and other queries are refused.
      const refused = (error as { code?: string }).code === 'VEC_DIMENSION'
      if (refused && dims.some(dim => dim !== question.query.length)) continue
      return `${describe(asked)}: ${(error as Error).stack}`
    }
    const text = JSON.stringify(answer)
    const expected = JSON.stringify(found.slice(0, limit))
    if (text !== expected)
      return `${describe(asked)}\n  gave ${text.slice(0, 2000)}\n  not  ${expected.slice(0, 2000)}`
  }
  return undefined
}

function describe(question: Question): string {
  const { query } = question
  return JSON.stringify({
    ...question,
    query: `${query.length}: [${query.slice(0, 4).join(',')}...]`,
  })
}
