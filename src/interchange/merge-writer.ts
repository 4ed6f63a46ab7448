import { doubleQuoted } from '../core/quote.ts'
import type { BindValue } from '../database/values.ts'
import { COLUMN } from '../search/schema/columns.ts'
import type { Connection } from '../sqlite/connection.ts'
import type { Statement } from '../sqlite/statement.ts'
import { mergedMeta } from './meta-text.ts'

/** Columns and values of a document, `dataset_id` and `id` first; null where the document lacks a value. */
export type MergeRow = readonly BindValue[]

/** The document that existed before. */
export interface Completed {
  readonly archived: boolean
}

/** Merges documents into a shadow table: columns without a new value stay as they are. */
export class MergeWriter {
  readonly #db: Connection
  readonly #table: string
  readonly #columns: readonly string[]
  readonly #meta: number
  readonly #known: Statement
  readonly #statements = new Map<string, Statement>()

  constructor(db: Connection, shadow: string, columns: readonly string[]) {
    this.#db = db
    this.#table = `main.${doubleQuoted(shadow)}`
    this.#columns = columns
    this.#meta = columns.indexOf(COLUMN.meta)
    const asked = [COLUMN.meta, COLUMN.archived].map(name =>
      columns.includes(name) ? name : 'NULL',
    )
    this.#known = db
      .prepare(
        `SELECT ${asked.join(', ')} FROM ${this.#table} WHERE ${COLUMN.dataset} = ? AND ${COLUMN.id} = ?`,
      )
      .raw()
  }

  /** Returns the old document; undefined if the document is new. */
  write(row: MergeRow): Completed | undefined {
    const [dataset, id] = row
    const found = this.#known.get(dataset, id) as
      | [meta: string | null, archived: unknown]
      | undefined
    const said = this.#columns.filter((_, i) => i < 2 || row[i] !== null)
    const values = row.filter((value, i) => i < 2 || value !== null)
    if (!found) {
      const names = said.map(doubleQuoted).join(', ')
      const marks = said.map(() => '?').join(', ')
      this.#run(`INSERT INTO ${this.#table}(${names}) VALUES (${marks})`, values)
      return undefined
    }
    const meta = this.#meta < 0 ? null : row[this.#meta]
    if (typeof meta === 'string') values[said.indexOf(COLUMN.meta)] = mergedMeta(found[0], meta)
    const [, , ...set] = said
    if (set.length > 0) {
      this.#run(
        `UPDATE ${this.#table} SET ${set.map(name => `${doubleQuoted(name)} = ?`).join(', ')} WHERE ${COLUMN.dataset} = ? AND ${COLUMN.id} = ?`,
        [...values.slice(2), dataset, id],
      )
    }
    return { archived: Number(found[1] ?? 0) !== 0 }
  }

  #run(sql: string, values: readonly BindValue[]): void {
    let statement = this.#statements.get(sql)
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)))
    statement.run(...values)
  }
}
