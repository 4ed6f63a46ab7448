import { VecError } from '../core/errors.ts'
import type { Filter } from '../core/filter/filter.ts'
import { parseFilter } from '../core/filter/parse-filter.ts'
import { filterParts } from '../search/query/filter-parts.ts'
import { filterOf, type SearchFilter } from '../search/query/search-filter.ts'
import { lowerCase } from '../search/schema/document-columns.ts'
import type { ShadowTable } from '../search/schema/shadow-table.ts'
import { affinityOf } from '../search/schema/shape.ts'
import { sqlName, type StoredColumn } from '../search/schema/table-schema.ts'
import { partsOfFilter, requireColumns } from '../tables/vec/given-filter.ts'

/** The ordinary columns that an application filters by, which are kept beside the indexes. */
export function metadataColumns(shadow: ShadowTable): StoredColumn[] {
  const { attributes = [] } = shadow.documents.roles
  const { types } = shadow.refresh()
  return attributes.map(stored => ({
    role: 'metadata',
    stored,
    type: affinityOf(types.get(lowerCase(stored)) ?? ''),
    watched: true,
  }))
}

/** The filter of a search over a vec table, which has declared `columns`. */
export function filterOfVecTable(
  filter: Filter,
  shadow: ShadowTable,
  columns: readonly StoredColumn[],
): SearchFilter {
  const reads: StoredColumn[] = []
  const parts = partsOfFilter(parseFilter(filter), columns, reads)
  requireColumns(shadow, { reads })
  return filterOf(parts)
}

/** The same over a table of the application. */
export function filterOfTable(
  filter: Filter,
  shadow: ShadowTable,
  columns: readonly StoredColumn[],
): SearchFilter {
  const { documents, name } = shadow
  const { meta, attributes = [] } = documents.roles
  const byName = new Map(columns.map(column => [lowerCase(column.stored), column]))
  const columnOf = (path: string): StoredColumn | undefined => byName.get(lowerCase(path))
  const target = {
    get json() {
      if (documents.meta !== undefined && shadow.hasMeta) return documents.meta
      const read = meta ?? (attributes.length > 0 ? attributes.join(', ') : undefined)
      throw new VecError(
        'VEC_SHADOW',
        read === undefined
          ? `the filter needs the column meta, and ${name} lacks it`
          : `search(): a filter of ${name} reads ${read} alone`,
        {
          hint: `name the column with JSON, or the columns, that filters read: attach(db, { table, metadata: ['...'] })`,
        },
      )
    },
    column(path: string) {
      const column = columnOf(path)
      return column && { sql: `${sqlName(column)} COLLATE BINARY`, json: false }
    },
  }
  return filterOf(filterParts(parseFilter(filter), target, columnOf))
}
