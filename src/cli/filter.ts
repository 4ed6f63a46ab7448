import { VecError, type BindValue, type Connection } from '../entries/main.ts'
import { inputError } from './cli-error.ts'
import type { CommandOptions } from './command.ts'
import { counted } from './counted.ts'
import { quoteName } from './sql-names.ts'
import type { VecTable } from './vec-tables.ts'

export const FILTER_OPTION: CommandOptions = {
  filter: {
    type: 'string',
    value: 'SQL',
    description: "a condition on the documents: \"json_extract(meta, '$.lang') = 'en'\"",
  },
}

/** A condition of SQL on the documents of a vec table. */
export class Filter {
  /** For a WHERE clause. */
  readonly sql: string
  /** The same, and false for each row whose meta is not JSON, whatever else the condition asks. */
  readonly guarded: string
  readonly #db: Connection
  readonly #shadow: string

  /** Checks the condition on its own first, so that its mistakes are told as its own. */
  constructor(db: Connection, table: VecTable, condition: string) {
    // On lines of its own a condition may end in a comment.
    this.sql = `(\n${condition}\n)`
    this.guarded = `CASE WHEN meta IS NULL OR json_error_position(meta) = 0 THEN ${this.sql} ELSE 0 END`
    this.#db = db
    this.#shadow = `main.${quoteName(table.shadow)}`
    try {
      // Without the parentheses as well: `a) OR (b` would reach beyond the dataset that stands beside it.
      for (const where of [this.sql, condition]) {
        db.prepare(`SELECT 1 FROM ${this.#shadow} WHERE ${where}`).finalize()
      }
    } catch (error) {
      if (!(error instanceof VecError) && !(error instanceof RangeError)) throw error
      const info = db.prepare('SELECT name FROM pragma_table_info(?)').pluck()
      const columns = info.all(table.shadow).join(', ')
      throw inputError(
        `--filter: ${error.message}`,
        `a condition of SQL on the columns of ${table.shadow}: ${columns}`,
      )
    }
  }

  /**
   * Runs `task` with the condition. One row whose meta is not JSON fails all of it, as soon as the condition looks into
   * meta: then it runs again and passes such rows over. `told` hears of it.
   */
  run<R>(task: (sql: string) => R, told: (note: string) => void): R {
    try {
      return task(this.sql)
    } catch (error) {
      if (!isMalformed(error)) throw error
      try {
        const result = task(this.guarded)
        told(this.#note())
        return result
      } catch (again) {
        throw isMalformed(again) ? notJson(again) : error
      }
    }
  }

  /** The condition that holds for all rows, for a task that cannot run twice. Looks at each row of `dataset`. */
  safe(dataset: readonly BindValue[], told: (note: string) => void): string {
    const where = dataset.length === 0 ? '' : 'dataset_id = ? AND'
    return this.run(sql => {
      const count = this.#db.prepare(`SELECT count(*) FROM ${this.#shadow} WHERE ${where} ${sql}`)
      try {
        count.get(...dataset)
        return sql
      } finally {
        count.finalize()
      }
    }, told)
  }

  #note(): string {
    const bad = 'meta IS NOT NULL AND json_error_position(meta) <> 0'
    const count = this.#db.prepare(`SELECT count(*) FROM ${this.#shadow} WHERE ${bad}`).pluck()
    const first = this.#db.prepare(`SELECT id FROM ${this.#shadow} WHERE ${bad} LIMIT 1`).pluck()
    try {
      const rows = Number(count.get())
      return `note: the filter passed over ${counted(rows, 'document')} whose meta is not JSON, for instance '${String(first.get())}'`
    } finally {
      count.finalize()
      first.finalize()
    }
  }
}

function isMalformed(error: unknown): error is VecError {
  return error instanceof VecError && /malformed JSON/.test(error.message)
}

function notJson(error: VecError): Error {
  return inputError(
    `--filter: ${error.message}: a value that the condition reads as JSON is something else`,
    'look at JSON alone: CASE WHEN json_valid(content) THEN ... END',
  )
}
