import { storedSql } from '../schema/layout.ts'
import { textTableName } from '../schema/names.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'

/** Whether there are tables of a text index, whatever its specification. */
export function hasText(shadow: ShadowTable): boolean {
  return storedSql(shadow.db, shadow.schema, textTableName(shadow.name)) !== undefined
}
