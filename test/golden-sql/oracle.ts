import type { Connection, SqlValue } from '../../src/entries/main.ts'
import type { DeclaredTable } from './vec-tables.ts'

/**
 * Answers a query on a vec table without it: the table's name becomes a subquery over the shadow table, MATCH and
 * match_score become functions in plain double arithmetic. Rows without a score are left out, as the contract says.
 */
export class SqlOracle {
  readonly #db: Connection

  constructor(db: Connection) {
    this.#db = db
    for (const metric of ['cosine', 'euclidean'] as const) {
      db.function(`oracle_${metric}`, (embedding, query) => score(metric, embedding, query))
    }
  }

  /** Undefined: not a query that this oracle understands. */
  rewrite(sql: string, table: DeclaredTable): string | undefined {
    if (!/^\s*SELECT\b/i.test(sql)) return undefined
    let n = 0
    let text = sql.replaceAll(/'[^']*'|"[^"]*"|\?/g, word => (word === '?' ? `?${++n}` : word))
    const match = new RegExp(
      `(?:\\b\\w+\\.)?"?${table.column}"?\\s+MATCH\\s+(\\?\\d+|'[^']*'|\\(SELECT[^)]*\\))`,
      'i',
    ).exec(text)
    const scoreOf = match
      ? `CAST(oracle_${table.metric}(oracle_embedding, ${match[1]}) AS REAL)`
      : '0.0'
    if (match) text = text.replace(match[0], `${scoreOf} IS NOT NULL`)
    text = text.replaceAll(/(?:\w+\.)?\bmatch_score\b/gi, () => scoreOf)
    const source = `(SELECT rowid AS rowid, dataset_id, id AS "${table.column}", embedding AS oracle_embedding FROM "_vec_${table.name}" WHERE id IS NOT NULL)`
    const from = new RegExp(
      `(FROM|JOIN)\\s+"?${table.name}"?(?:\\s+(?!WHERE|JOIN|ORDER|LIMIT|GROUP|ON)(\\w+))?`,
      'i',
    )
    text = text.replace(
      from,
      (_, word: string, alias?: string) => `${word} ${source} ${alias ?? `"${table.name}"`}`,
    )
    if (match && !/\bORDER BY\b|\bGROUP BY\b|count\(/i.test(text)) {
      const order = ` ORDER BY ${scoreOf} DESC, "${table.column}"`
      text = / LIMIT /i.test(text)
        ? text.replace(/ LIMIT (?!.* LIMIT )/i, `${order} LIMIT `)
        : text + order
    }
    return text
  }

  answer(sql: string, params: readonly SqlValue[], table: DeclaredTable): SqlValue[][] | undefined {
    const text = this.rewrite(sql, table)
    if (text === undefined) return undefined
    const statement = this.#db.prepare(text)
    try {
      return statement.raw().all(...params) as SqlValue[][]
    } finally {
      statement.finalize()
    }
  }
}

function score(
  metric: 'cosine' | 'euclidean',
  embedding: SqlValue,
  query: SqlValue,
): number | null {
  const row = floats(embedding)
  const wanted = typeof query === 'string' ? parse(query) : floats(query)
  if (!row || !wanted || row.length === 0 || row.length !== wanted.length) return null
  let dot = 0
  let rowSquares = 0
  let querySquares = 0
  let gap = 0
  for (let i = 0; i < row.length; i++) {
    dot += row[i] * wanted[i]
    rowSquares += row[i] * row[i]
    querySquares += wanted[i] * wanted[i]
    gap += (row[i] - wanted[i]) ** 2
  }
  if (metric === 'euclidean') return 1 - Math.sqrt(gap)
  const scale = Math.sqrt(rowSquares) * Math.sqrt(querySquares)
  const cosine = dot / scale
  return Number.isNaN(cosine) || rowSquares === 0 || querySquares === 0 ? null : cosine
}

function floats(value: SqlValue): Float32Array | undefined {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  if (!(bytes instanceof Uint8Array) || bytes.length % 4 !== 0) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const vector = Float32Array.from({ length: bytes.length / 4 }, (_, i) =>
    view.getFloat32(4 * i, true),
  )
  return vector.every(x => Number.isFinite(x)) ? vector : undefined
}

function parse(text: string): Float32Array {
  return Float32Array.from(JSON.parse(text) as number[])
}
