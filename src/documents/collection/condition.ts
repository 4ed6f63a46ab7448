import { compileFilter } from '../../core/filter/compile-filter.ts'
import type { Condition } from '../../core/filter/condition.ts'
import type { Filter } from '../../core/filter/filter.ts'
import { parseFilter } from '../../core/filter/parse-filter.ts'
import type { RowFilter } from '../../search/schema/row-filter.ts'
import { SHADOW } from '../../search/schema/table-schema.ts'
import type { CollectionTable } from './collection-table.ts'
import { withoutMeta } from './field.ts'

/** A filter that was checked; undefined where none is given. Throws VEC_FILTER. */
export function readCondition(filter: Filter | undefined): Condition | undefined {
  return filter === undefined ? undefined : parseFilter(filter)
}

/** The condition for the rows of a table. */
export function rowFilter(
  where: string,
  condition: Condition | undefined,
  { shadow }: CollectionTable,
): RowFilter | undefined {
  if (!condition) return undefined
  if (!shadow.refresh().columns.has(SHADOW.meta.stored)) throw withoutMeta(where, shadow.name)
  return compileFilter(condition, { json: SHADOW.meta.stored, column: () => undefined })
}

/** The condition behind WHERE that holds for the rows of dataset ?1, which further parameters follow. */
export function andFilter(filter: RowFilter | undefined): string {
  return filter === undefined ? '' : `AND (${filter.sql})`
}
