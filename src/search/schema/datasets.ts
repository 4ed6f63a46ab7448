import { texts } from '../../database/query.ts'
import type { ShadowTable } from './shadow-table.ts'

/** The datasets that have rows, hidden ones too, in byte order. */
export function datasetsOf(shadow: ShadowTable): string[] {
  // Says what is wrong with a table that cannot serve.
  shadow.refresh()
  return texts(
    shadow.db,
    `SELECT DISTINCT dataset_id COLLATE BINARY FROM ${shadow.sql} WHERE typeof(dataset_id) = 'text' ORDER BY 1`,
  )
}
