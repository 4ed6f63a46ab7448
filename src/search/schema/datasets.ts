import { texts } from '../../database/query.ts'
import type { ShadowTable } from './shadow-table.ts'

/** The datasets that have rows, hidden ones too, in byte order, or that of numbers. */
export function datasetsOf(shadow: ShadowTable): string[] {
  // Says what is wrong with a table that cannot serve.
  shadow.refresh()
  return texts(shadow.db, shadow.documents.datasets(shadow.sql))
}
