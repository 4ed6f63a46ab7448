import { VecError } from '../../core/errors.ts'
import type { Database } from '../../database/database.ts'
import { texts } from '../../database/query.ts'
import { quoteName } from '../../search/schema/names.ts'
import { createTable, hasTable, type StoreDatabase } from '../store-database.ts'

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
  /** What `lookUp` finds. */
  readonly stored: string
}

/** The indexes of a store in a table beside its vec tables: a dataset without rows leaves no trace in those. */
export class IndexList {
  readonly #db: StoreDatabase
  readonly #table: string
  readonly #words: boolean
  readonly #list: string
  readonly #known = new Map<string, VectorIndexInfo>()
  #exists = false

  constructor(db: StoreDatabase, table: string, words: boolean) {
    this.#db = db
    this.#table = table
    this.#words = words
    this.#list = `${table}_indexes`
  }

  /** Adds an index. Returns false if there is one of that name. */
  async add(name: string, dimension: number, metric: IndexMetric): Promise<boolean> {
    if (await this.find(name)) return false
    const list = quoteName(this.#list)
    const store = { table: this.#tableOf(metric), words: this.#words, metric: METRICS[metric] }
    const changes = await this.#db.transaction([
      [
        `CREATE TABLE IF NOT EXISTS ${list} (
          name TEXT PRIMARY KEY, dimension INTEGER NOT NULL, metric TEXT NOT NULL)`,
      ],
      ...createTable(this.#db, store).map(sql => [sql] as const),
      [
        // Another connection may have been faster.
        `INSERT INTO ${list}(name, dimension, metric) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING`,
        name,
        dimension,
        metric,
      ],
    ])
    return changes.at(-1) === 1
  }

  /** The step that looks up an index in what is stored. */
  lookUp(name: string): readonly ['texts', sql: string, name: string] {
    const sql = `SELECT json_array(dimension, metric) FROM ${quoteName(this.#list)} WHERE name = ?1`
    return ['texts', sql, name]
  }

  async find(name: string): Promise<VectorIndexInfo | undefined> {
    this.#exists ||= await hasTable(this.#db, this.#list)
    if (!this.#exists) return undefined
    const [, sql] = this.lookUp(name)
    return this.#found(name, await this.#db.texts(sql, name))
  }

  /** What was found last: another connection may have changed it since. */
  known(name: string): VectorIndexInfo | undefined {
    return this.#known.get(name)
  }

  /** Throws VEC_QUERY if there is no index of that name. */
  async get(where: string, name: string): Promise<VectorIndexInfo> {
    return present(where, name, await this.find(name))
  }

  /** The synchronous form of `get`. */
  getSync(where: string, name: string, db: Database): VectorIndexInfo {
    const sql = 'SELECT name FROM sqlite_schema WHERE lower(name) = lower(?1)'
    const exists = texts(db, sql, this.#list).length > 0
    const [, lookUp] = this.lookUp(name)
    return present(where, name, exists ? this.#found(name, texts(db, lookUp, name)) : undefined)
  }

  /** The step that removes an index from the list. */
  remove(name: string): readonly ['run', sql: string, name: string] {
    return ['run', `DELETE FROM ${quoteName(this.#list)} WHERE name = ?1`, name]
  }

  async names(): Promise<string[]> {
    if (!(await hasTable(this.#db, this.#list))) return []
    return this.#db.texts(`SELECT name FROM ${quoteName(this.#list)} ORDER BY name`)
  }

  #found(name: string, [stored]: readonly string[]): VectorIndexInfo | undefined {
    if (stored === undefined) {
      this.#known.delete(name)
      return undefined
    }
    const known = this.#known.get(name)
    if (known?.stored === stored) return known
    const [dimension, metric] = JSON.parse(stored) as [number, IndexMetric]
    const info = { name, dimension, metric, table: this.#tableOf(metric), stored }
    this.#known.set(name, info)
    return info
  }

  #tableOf(metric: IndexMetric): string {
    return metric === 'cosine' ? this.#table : `${this.#table}_${metric}`
  }
}

function present(where: string, name: string, found: VectorIndexInfo | undefined): VectorIndexInfo {
  if (found) return found
  throw new VecError('VEC_QUERY', `${where}: there is no index '${name}'`, {
    hint: `createIndex({ indexName: '${name}', dimension }) creates it; listIndexes() names the others`,
  })
}
