import { VecError } from '../../core/errors.ts'
import type { Database } from '../../database/database.ts'
import { run, texts } from '../../database/query.ts'
import type { Statement } from '../../database/statement.ts'
import { quoteName } from '../../search/schema/names.ts'
import { createDocumentTable, hasTable } from '../document-table.ts'

/** The metrics, by their names in Mastra. */
export const METRICS = { cosine: 'cosine', euclidean: 'euclidean', dotproduct: 'dot' } as const

export type IndexMetric = keyof typeof METRICS

/** An index of Mastra: a dataset of the vec table of its metric. */
export interface VectorIndexInfo {
  readonly name: string
  readonly dimension: number
  readonly metric: IndexMetric
  /** The vec table. */
  readonly table: string
}

/** The indexes of a store in a table beside its vec tables: a dataset without rows leaves no trace in those. */
export class IndexList {
  readonly #db: Database
  readonly #table: string
  readonly #words: boolean
  readonly #list: string
  /** Every call looks an index up: another connection may have deleted it. */
  #lookUp: Statement | undefined

  constructor(db: Database, table: string, words: boolean) {
    this.#db = db
    this.#table = table
    this.#words = words
    this.#list = `${table}_indexes`
  }

  add(name: string, dimension: number, metric: IndexMetric): void {
    run(
      this.#db,
      `CREATE TABLE IF NOT EXISTS ${quoteName(this.#list)} (
        name TEXT PRIMARY KEY, dimension INTEGER NOT NULL, metric TEXT NOT NULL)`,
    )
    const table = this.#tableOf(metric)
    createDocumentTable(this.#db, { table, words: this.#words, metric: METRICS[metric] })
    run(
      this.#db,
      `INSERT INTO ${quoteName(this.#list)}(name, dimension, metric) VALUES (?1, ?2, ?3)`,
      name,
      dimension,
      metric,
    )
  }

  find(name: string): VectorIndexInfo | undefined {
    if (!this.#lookUp && !hasTable(this.#db, this.#list)) return undefined
    this.#lookUp ??= this.#db.prepare(
      `SELECT dimension, metric FROM ${quoteName(this.#list)} WHERE name = ?1`,
    )
    return this.#lookUp.first([name], row => {
      const metric = row.text(1) as IndexMetric
      return { name, dimension: row.number(0), metric, table: this.#tableOf(metric) }
    })
  }

  /** Throws VEC_QUERY if there is no index of that name. */
  get(where: string, name: string): VectorIndexInfo {
    const found = this.find(name)
    if (found) return found
    throw new VecError('VEC_QUERY', `${where}: there is no index '${name}'`, {
      hint: `createIndex({ indexName: '${name}', dimension }) creates it; listIndexes() names the others`,
    })
  }

  remove(name: string): void {
    run(this.#db, `DELETE FROM ${quoteName(this.#list)} WHERE name = ?1`, name)
  }

  names(): string[] {
    if (!hasTable(this.#db, this.#list)) return []
    return texts(this.#db, `SELECT name FROM ${quoteName(this.#list)} ORDER BY name`)
  }

  #tableOf(metric: IndexMetric): string {
    return metric === 'cosine' ? this.#table : `${this.#table}_${metric}`
  }
}
