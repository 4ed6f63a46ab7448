import type { Condition } from '../../core/filter/condition.ts'
import { filterOf, type SearchFilter } from '../../search/query/search-filter.ts'
import type { RowFilter } from '../../search/schema/row-filter.ts'
import type { StoredColumn } from '../../search/schema/table-schema.ts'
import { partsOfFilter } from '../../tables/vec/given-filter.ts'
import type { CollectionTable } from './collection-table.ts'
import { withoutColumn } from './field.ts'

/** The condition for the rows of a table. */
export function rowFilter(
  where: string,
  condition: Condition | undefined,
  { options, shadow }: CollectionTable,
): SearchFilter | undefined {
  if (!condition) return undefined
  const reads: StoredColumn[] = []
  const filter = filterOf(partsOfFilter(condition, options.metadata, reads))
  const { columns } = shadow.refresh()
  const absent = reads.find(({ stored }) => !columns.has(stored.toLowerCase()))
  if (absent) throw withoutColumn(where, shadow.name, absent)
  return filter
}

/** The condition in WHERE for the rows of dataset ?1. Its own parameters follow. */
export function andFilter(filter: RowFilter | undefined): string {
  return filter === undefined ? '' : `AND (${filter.sql})`
}
