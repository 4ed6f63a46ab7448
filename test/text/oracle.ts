import { open, type Connection } from '../../src/entries/main.ts'

/** A row as a plain SELECT from the documents' table gives it. */
export interface Row {
  readonly dataset: string
  readonly id: string
  readonly content: string | null
  readonly title: string | null
  readonly lang: string | null
  readonly vector: Float32Array | undefined
}

export interface Ranked {
  readonly id: string
  readonly dataset: string
  readonly score: number
}

/** What FTS5 and brute force say of rows. */
export class Oracle {
  readonly #fts: Connection
  readonly #rows: readonly Row[]

  private constructor(fts: Connection, rows: readonly Row[]) {
    this.#fts = fts
    this.#rows = rows
  }

  /** An FTS5 table of these rows alone, made just now. */
  static async of(rows: readonly Row[], tokenize: string): Promise<Oracle> {
    const fts = await open(':memory:')
    fts.exec(`CREATE VIRTUAL TABLE f USING fts5(title, content, tokenize='${tokenize}')`)
    const insert = fts.prepare('INSERT INTO f(rowid, title, content) VALUES (?, ?, ?)')
    fts.transaction(() => {
      for (const [i, { title, content }] of rows.entries()) insert.run(i + 1, title, content)
    })()
    return new Oracle(fts, rows)
  }

  /** Best first; equal ones by id. */
  text(dataset: string, expression: string, wanted: (row: Row) => boolean): Ranked[] {
    const found = this.#fts
      .prepare('SELECT rowid, rank FROM f WHERE f MATCH ?')
      .all(expression) as { rowid: number; rank: number }[]
    return ranked(
      found
        .map(({ rowid, rank }) => ({ row: this.#rows[rowid - 1], score: -rank }))
        .filter(({ row }) => row.dataset === dataset && wanted(row)),
    )
  }

  /** By cosine in double precision; rows of length zero have none. */
  vector(dataset: string, query: Float32Array, wanted: (row: Row) => boolean): Ranked[] {
    return ranked(
      this.#rows
        .filter(row => row.dataset === dataset && wanted(row))
        .map(row => ({ row, score: row.vector ? cosine(query, row.vector) : NaN }))
        .filter(({ score }) => !Number.isNaN(score)),
    )
  }

  close(): void {
    this.#fts.close()
  }
}

/** Reciprocal ranks of the first `window` rows of each ranking. */
export function reciprocal(
  vector: readonly Ranked[],
  text: readonly Ranked[],
  { window, k, limit }: { window: number; k: number; limit: number },
): Ranked[] {
  const scores = new Map<string, number>()
  for (const ranking of [vector, text]) {
    for (const [i, { id }] of ranking.slice(0, window).entries()) {
      scores.set(id, (scores.get(id) ?? 0) + 1 / (k + i + 1))
    }
  }
  const { dataset } = vector[0] ?? text[0] ?? { dataset: '' }
  return [...scores]
    .map(([id, score]) => ({ id, dataset, score }))
    .toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .slice(0, limit)
}

function ranked(found: readonly { row: Row; score: number }[]): Ranked[] {
  return found
    .map(({ row: { id, dataset }, score }) => ({ id, dataset, score }))
    .toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0]
  for (const [i, x] of a.entries()) {
    ab += x * b[i]
    aa += x * x
    bb += b[i] * b[i]
  }
  return ab / (Math.sqrt(aa) * Math.sqrt(bb))
}
