import type { EmbeddingType } from '../core/embedding-type.ts'
import { doubleQuoted } from '../core/quote.ts'
import type { Connection, SqlValue } from '../entries/main.ts'
import { describeTable, type TableDescription } from '../entries/vec.ts'
import { Collection } from '../entries/vecutil.ts'
import { storedType } from '../search/schema/stored-type.ts'
import type { Place } from './contract.ts'

/** SQL: rows with a vector of as many bytes as the second parameter. */
export const IS_VECTOR = `typeof(embedding) = 'blob' AND length(embedding) = ?2`

/** A dataset with the SQL that reads its rows. */
export class Dataset {
  readonly db: Connection
  readonly table: TableDescription
  readonly name: string
  readonly collection: Collection
  /** The quoted name of the table with the documents. */
  readonly from: string
  /** SQL: the rows of the dataset that searches see. The name of the dataset is its one parameter. */
  readonly where: string
  /**
   * In place of `from`: its rows as `d`, in the order of their rowids, `o.r`. In the order of the index of the dataset,
   * which is that of their ids, each row would be read from another page of the file.
   */
  readonly inOrder: string

  readonly #type: EmbeddingType

  constructor(db: Connection, place: Place) {
    this.db = db
    this.table = describeTable(db, place.table, { counts: false })
    this.name = place.dataset
    this.collection = new Collection(db, place)
    this.#type = storedType(db, this.table.shadow)
    this.from = `main.${doubleQuoted(this.table.shadow)}`
    const hidesArchived = this.table.columns.includes('archived') && !this.table.includeArchived
    this.where = `dataset_id = ?1${hidesArchived ? ' AND coalesce(archived, 0) = 0' : ''}`
    // The limit, which is none, keeps SQLite from leaving out the order of a subquery.
    this.inOrder = `(SELECT rowid AS r FROM ${this.from} WHERE dataset_id = ?1 ORDER BY rowid LIMIT -1) AS o
      CROSS JOIN ${this.from} AS d ON d.rowid = o.r`
  }

  /** The rows of a query whose first parameter is the name of the dataset. */
  all(sql: string, ...parameters: readonly SqlValue[]): Record<string, SqlValue>[] {
    using statement = this.db.prepare(sql)
    return statement.all(this.name, ...parameters) as Record<string, SqlValue>[]
  }

  /** Expressions that are null where the table lacks the column. */
  optional(column: 'content' | 'meta'): string {
    return this.table.columns.includes(column) ? `CAST(${column} AS TEXT)` : 'NULL'
  }

  /** The rowids of all rows, in order; also of those without a vector, and of archived ones. */
  get rowids(): number[] {
    using statement = this.db.prepare(
      `SELECT rowid FROM ${this.from} WHERE dataset_id = ? ORDER BY rowid`,
    )
    return statement.pluck().all(this.name) as number[]
  }

  /** Makes a vector what distances are measured between: of length 1 under cosine. False if it is not finite. */
  prepare(vector: Float32Array): boolean {
    let squares = 0
    for (let j = 0; j < vector.length; j++) squares += vector[j] * vector[j]
    if (!Number.isFinite(squares)) return false
    // Lengths say nothing under cosine.
    if (this.table.metric === 'cosine' && squares > 0) {
      const scale = 1 / Math.sqrt(squares)
      for (let j = 0; j < vector.length; j++) vector[j] *= scale
    }
    return true
  }

  /** The length in bytes of a stored vector of `dim` numbers. */
  bytesOf(dim: number): number {
    return dim * this.#type.bytes
  }

  /** The dimension of most vectors; 0 if there are none. */
  get dim(): number {
    const rows = this.all(
      `SELECT length(embedding) / ${this.#type.bytes} AS dim FROM
         (SELECT embedding FROM ${this.from} WHERE ${this.where} AND typeof(embedding) = 'blob' AND length(embedding) > 0
            AND length(embedding) % ${this.#type.bytes} = 0 LIMIT 1000)
       GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`,
    )
    return Number(rows[0]?.['dim'] ?? 0)
  }

  /** Calls `visit` with each row that has a vector of `dim` numbers, in order. The vector is valid until the next. */
  eachVector(dim: number, visit: (row: number, vector: Float32Array) => void): void {
    using statement = this.db.prepare(
      `SELECT o.r, embedding FROM ${this.inOrder} WHERE ${this.where} AND ${IS_VECTOR}`,
    )
    const vector = new Float32Array(dim)
    const rows = statement.raw().iterate(this.name, this.bytesOf(dim))
    for (const [row, embedding] of rows as Iterable<SqlValue[]>) {
      this.#type.decode(embedding as Uint8Array, vector)
      visit(row as number, vector)
    }
  }

  /** Calls `visit` as `eachVector`, for some rows: what is not a vector of `dim` numbers is left out. */
  someVectors(
    rows: Iterable<number>,
    dim: number,
    visit: (vector: Float32Array, row: number) => void,
  ): void {
    using statement = this.db.prepare(
      `SELECT embedding FROM ${this.from} WHERE ${this.where} AND ${IS_VECTOR} AND rowid = ?3`,
    )
    statement.pluck()
    const vector = new Float32Array(dim)
    for (const row of rows) {
      const found = statement.get(this.name, this.bytesOf(dim), row) as Uint8Array | undefined
      if (found === undefined) continue
      this.#type.decode(found, vector)
      visit(vector, row)
    }
  }

  /** The row of a document; -1 if there is none. */
  rowOf(id: string): number {
    const [found] = this.all(
      `SELECT rowid AS r FROM ${this.from} WHERE dataset_id = ?1 AND id = ?2`,
      id,
    )
    return Number(found?.['r'] ?? -1)
  }

  /** The id of the document of a row. */
  idOf(row: number): string {
    const [found] = this.all(
      `SELECT CAST(id AS TEXT) AS id FROM ${this.from} WHERE dataset_id = ?1 AND rowid = ?2`,
      row,
    )
    return String(found?.['id'])
  }

  vectorOf(row: number): Float32Array | undefined {
    let found: Float32Array | undefined
    this.someVectors([row], this.dim, vector => {
      found = vector
    })
    return found
  }
}
