import { exactSimilarity } from '../../src/core/similarity.ts'
import type { Database } from '../../src/database/database.ts'
import { eachRow, run, scalar } from '../../src/database/query.ts'
import type { Metric } from '../../src/entries/main.ts'
import type { Answer } from '../../src/search/query/search.ts'
import { Searcher } from '../../src/search/query/searcher.ts'
import { createStatement, shadowTable } from '../../src/search/schema/layout.ts'
import { ShadowTable } from '../../src/search/schema/shadow-table.ts'
import { indexSpecOf } from '../../src/tables/vec/index-spec.ts'
import { parseVecOptions } from '../../src/tables/vec/vec-options.ts'

export const TABLE = '_vec_docs'

/** Search over the shadow table of one connection, without a virtual table. */
export class SearchWorld {
  readonly db: Database
  readonly searcher: Searcher
  readonly #metric: Metric

  /** `options` of a vec table; the tables are made where they are not there. */
  constructor(db: Database, ...options: string[]) {
    this.db = db
    if (scalar(db, `SELECT 1 FROM sqlite_schema WHERE name = ?`, TABLE) === undefined) {
      db.exec(createStatement('main', shadowTable(TABLE)))
    }
    const spec = indexSpecOf(parseVecOptions(['doc_id', ...options], 'docs'))
    this.#metric = spec.metric
    const shadow = new ShadowTable(db, 'main', TABLE, false)
    shadow.install()
    this.searcher = new Searcher({ shadow, spec, mayInstall: true })
  }

  put(dataset: string, id: string, vector: Float32Array | null): void {
    const sql = `INSERT OR REPLACE INTO ${TABLE}(dataset_id, id, embedding) VALUES (?, ?, ?)`
    run(this.db, sql, dataset, id, vector)
  }

  delete(dataset: string, id: string): void {
    run(this.db, `DELETE FROM ${TABLE} WHERE dataset_id = ? AND id = ?`, dataset, id)
  }

  search(dataset: string, query: Float32Array, limit: number): Answer {
    return this.searcher.search({
      dataset,
      query,
      limit,
      minSimilarity: -Infinity,
      maxSimilarity: Infinity,
      accepts: () => true,
      ids: undefined,
    })
  }

  /** Ids and similarities, nearest first. */
  found(dataset: string, query: Float32Array, limit: number): string[] {
    const { hits } = this.search(dataset, query, limit)
    return Array.from({ length: hits.count }, (_, rank) =>
      line(Buffer.from(hits.id(rank)), hits.similarity(rank)),
    )
  }

  /** The same by double arithmetic over the rows as this connection sees them. */
  expected(dataset: string, query: Float32Array, limit: number): string[] {
    const rows: { id: Buffer; similarity: number }[] = []
    eachRow(
      this.db,
      `SELECT CAST(id AS BLOB), embedding FROM ${TABLE} WHERE dataset_id = ? AND archived = 0 AND length(embedding) = ?`,
      [dataset, query.length * 4],
      row => {
        const vector = new Float32Array(row.bytes(1).slice().buffer)
        const similarity = exactSimilarity(this.#metric, query, vector)
        if (Number.isNaN(similarity)) return
        const shown = this.#metric === 'cosine' ? Math.min(1, Math.max(-1, similarity)) : similarity
        rows.push({ id: Buffer.from(row.bytes(0)), similarity: shown })
      },
    )
    rows.sort((a, b) => b.similarity - a.similarity || Buffer.compare(a.id, b.id))
    return rows.slice(0, limit).map(({ id, similarity }) => line(id, similarity))
  }

  dispose(): void {
    this.searcher.dispose()
    this.searcher.shadow.dispose()
  }
}

function line(id: Buffer, similarity: number): string {
  return `${id.toString('latin1')} ${similarity}`
}
