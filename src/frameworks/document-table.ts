import type { Metric } from '../core/metrics/definition.ts'
import type { Database } from '../database/database.ts'
import { run, scalar } from '../database/query.ts'
import { quoteName } from '../search/schema/names.ts'

/** Whether the main database has a table of that name. */
export function hasTable(db: Database, table: string): boolean {
  const sql = 'SELECT 1 FROM sqlite_schema WHERE lower(name) = lower(?1)'
  return scalar(db, sql, table) !== undefined
}

/** Creates the vec table of a store if there is none; `words` adds a text index of the contents. */
export function createDocumentTable(
  db: Database,
  table: string,
  words: boolean,
  metric: Metric = 'cosine',
): void {
  if (hasTable(db, table)) return
  const options = [
    'doc_id',
    ...(words ? ['text=content'] : []),
    ...(metric === 'cosine' ? [] : [`metric=${metric}`]),
  ]
  run(db, `CREATE VIRTUAL TABLE IF NOT EXISTS ${quoteName(table)} USING vec(${options.join(', ')})`)
}
