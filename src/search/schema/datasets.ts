import { texts } from '../../database/query.ts'
import type { ShadowTable } from './shadow-table.ts'

/** The datasets that have rows, including hidden ones, in byte order, or in numerical order. */
export function datasetsOf(shadow: ShadowTable): string[] {
  // Reports a table that is missing or unsuitable.
  shadow.refresh()
  return texts(shadow.db, shadow.documents.datasets(shadow.sql))
}
