import { doubleQuoted } from '../core/quote.ts'
import type { Connection, SqlValue } from '../entries/main.ts'
import { describeTable, type TableDescription } from '../entries/vec.ts'
import { Collection } from '../entries/vecutil.ts'
import type { Place } from './contract.ts'

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

  constructor(db: Connection, place: Place) {
    this.db = db
    this.table = describeTable(db, place.table, { counts: false })
    this.name = place.dataset
    this.collection = new Collection(db, place)
    this.from = `main.${doubleQuoted(this.table.shadow)}`
    const hidesArchived = this.table.columns.includes('archived') && !this.table.includeArchived
    this.where = `dataset_id = ?1${hidesArchived ? ' AND coalesce(archived, 0) = 0' : ''}`
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

  /** The rowids of all rows with a vector of `dim` numbers, in order. */
  rowsOf(dim: number): Float64Array {
    using statement = this.db.prepare(
      `SELECT rowid FROM ${this.from} WHERE ${this.where} AND typeof(embedding) = 'blob' AND length(embedding) = ?2
       ORDER BY rowid`,
    )
    return Float64Array.from(statement.pluck().all(this.name, dim * 4) as number[])
  }

  /** The dimension of most vectors; 0 if there are none. */
  get dim(): number {
    const rows = this.all(
      `SELECT length(embedding) / 4 AS dim FROM
         (SELECT embedding FROM ${this.from} WHERE ${this.where} AND typeof(embedding) = 'blob' AND length(embedding) > 0
            AND length(embedding) % 4 = 0 LIMIT 1000)
       GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`,
    )
    return Number(rows[0]?.['dim'] ?? 0)
  }

  /** Calls `visit` with the vector of each row, which is valid until the next. */
  eachVector(rows: Iterable<number>, dim: number, visit: (vector: Float32Array) => void): void {
    using statement = this.db.prepare(`SELECT embedding FROM ${this.from} WHERE rowid = ?`)
    statement.pluck()
    const vector = new Float32Array(dim)
    const bytes = new Uint8Array(vector.buffer)
    for (const row of rows) {
      const found = statement.get(row) as Uint8Array | undefined
      if (found?.length === bytes.length) bytes.set(found)
      else vector.fill(NaN)
      visit(vector)
    }
  }

  vectorOf(row: number): Float32Array | undefined {
    let found: Float32Array | undefined
    const { dim } = this
    this.eachVector([row], dim, vector => {
      if (!Number.isNaN(vector[0])) found = vector
    })
    return found
  }
}
