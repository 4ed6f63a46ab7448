import { counted } from '../core/counted.ts'
import { VecError } from '../core/errors.ts'
import { compileFilter } from '../core/filter/compile-filter.ts'
import type { Filter } from '../core/filter/filter.ts'
import { parseFilter } from '../core/filter/parse-filter.ts'
import { doubleQuoted } from '../core/quote.ts'
import type { BindValue } from '../database/values.ts'
import { COLUMN } from '../search/schema/columns.ts'
import type { Connection } from '../sqlite/connection.ts'
import type { TableDescription } from '../tables/describe-table.ts'
import { optionText } from './interchange-error.ts'

/** SQL on the columns of the documents, or an object of the filter language on their metadata. */
export type RowCondition = string | Filter

/**
 * A condition on the documents of a vec table, checked once.
 *
 *     new RowFilter(db, describeTable(db, 'docs'), { year: { $gte: 2020 } })
 */
export class RowFilter {
  /** The parameters of the SQL, in order. */
  readonly parameters: readonly BindValue[]
  readonly #sql: string
  readonly #db: Connection
  readonly #shadow: string

  /** Throws VEC_FILTER for a condition that cannot be read. */
  constructor(db: Connection, table: TableDescription, condition: RowCondition) {
    this.#db = db
    this.#shadow = `main.${doubleQuoted(table.shadow)}`
    if (typeof condition !== 'string') {
      const target = { json: COLUMN.meta, column: () => undefined }
      const compiled = compileFilter(parseFilter(condition), target)
      this.#sql = compiled.sql
      this.parameters = compiled.parameters
      return
    }
    // On its own lines, a condition may end in a comment.
    this.#sql = `(\n${condition}\n)`
    this.parameters = []
    try {
      // Also checked without the parentheses: `a) OR (b` would reach beyond the dataset condition beside it.
      for (const where of [this.#sql, condition]) {
        db.prepare(`SELECT 1 FROM ${this.#shadow} WHERE ${where}`).finalize()
      }
    } catch (error) {
      if (!(error instanceof VecError) && !(error instanceof RangeError)) throw error
      throw new VecError(
        'VEC_FILTER',
        `${optionText('filter')} is not valid SQL: ${error.message}`,
        {
          hint: `write a condition on the columns of ${table.shadow}: ${table.columns.join(', ')}`,
          cause: error,
        },
      )
    }
  }

  /**
   * Runs `task` with the condition. If SQL reads meta, one row whose meta is not JSON makes the whole statement fail.
   * `task` then runs again and skips such rows, and `told` reports it.
   */
  run<R>(task: (sql: string) => R, told: (note: string) => void): R {
    try {
      return task(this.#sql)
    } catch (error) {
      if (!isMalformed(error)) throw error
      try {
        const readable = `${COLUMN.meta} IS NULL OR json_error_position(${COLUMN.meta}) = 0`
        const result = task(`CASE WHEN ${readable} THEN ${this.#sql} ELSE 0 END`)
        told(this.#note())
        return result
      } catch (again) {
        throw isMalformed(again) ? notJson(again) : error
      }
    }
  }

  /** A condition that never fails, for a task that cannot run twice. Reads each row of `dataset`. */
  safe(dataset: readonly BindValue[], told: (note: string) => void): string {
    const where = dataset.length === 0 ? '' : 'dataset_id = ? AND'
    return this.run(sql => {
      using count = this.#db.prepare(`SELECT count(*) FROM ${this.#shadow} WHERE ${where} ${sql}`)
      count.get(...dataset, ...this.parameters)
      return sql
    }, told)
  }

  #note(): string {
    const bad = `${COLUMN.meta} IS NOT NULL AND json_error_position(${COLUMN.meta}) <> 0`
    using found = this.#db.prepare(`SELECT count(*), min(id) FROM ${this.#shadow} WHERE ${bad}`)
    const [rows, id] = found.raw().get() as [number, unknown]
    return `the filter skipped ${counted(rows, 'document')} whose meta is not JSON, for example '${String(id)}'`
  }
}

function isMalformed(error: unknown): error is VecError {
  return error instanceof VecError && /malformed JSON/.test(error.message)
}

function notJson(error: VecError): Error {
  return new VecError(
    'VEC_FILTER',
    `${optionText('filter')} reads a value as JSON that is not JSON: ${error.message}`,
    { hint: 'test it first: CASE WHEN json_valid(content) THEN ... END', cause: error },
  )
}
