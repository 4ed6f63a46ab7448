import type { ShadowTable } from './shadow-table.ts'

/** The datasets that have rows, hidden ones too, in byte order. */
export function datasetsOf(shadow: ShadowTable): string[] {
  // Says what is wrong with a table that cannot serve.
  shadow.refresh()
  const statement = shadow.db.prepare(
    `SELECT DISTINCT dataset_id COLLATE BINARY FROM ${shadow.sql} WHERE typeof(dataset_id) = 'text' ORDER BY 1`,
  )
  try {
    return statement.pluck().all() as string[]
  } finally {
    statement.finalize()
  }
}
