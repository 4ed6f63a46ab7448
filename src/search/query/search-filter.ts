import type { ColumnTest } from '../memory/columns/column-test.ts'
import { conjunction, type RowFilter } from '../schema/row-filter.ts'

/** One of the conditions of a filter. */
export interface FilterPart extends RowFilter {
  /** The same on metadata columns, for every row on which the SQL is true and no other. */
  readonly test?: ColumnTest | undefined
}

/** A condition on the rows of a search, as one; and in its parts, of which some may be answered faster than others. */
export interface SearchFilter extends RowFilter {
  readonly parts?: readonly FilterPart[]
}

/** All of these hold. */
export function filterOf(parts: readonly FilterPart[]): Required<SearchFilter> {
  return { ...conjunction(parts), parts }
}
