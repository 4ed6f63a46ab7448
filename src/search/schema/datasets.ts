import { texts } from '../../database/query.ts'
import type { ShadowTable } from './shadow-table.ts'

/** The datasets that have rows, hidden ones too, in byte order: one step in the key for each. */
export function datasetsOf(shadow: ShadowTable): string[] {
  // Says what is wrong with a table that cannot serve.
  shadow.refresh()
  const next = (condition: string): string =>
    `(SELECT dataset_id FROM ${shadow.sql} WHERE dataset_id COLLATE BINARY ${condition} ORDER BY dataset_id COLLATE BINARY LIMIT 1)`
  return texts(
    shadow.db,
    `WITH RECURSIVE d(id) AS (
       SELECT ${next(">= ''")} UNION ALL SELECT ${next('> d.id')} FROM d WHERE typeof(d.id) = 'text')
     SELECT id FROM d WHERE typeof(id) = 'text'`,
  )
}
