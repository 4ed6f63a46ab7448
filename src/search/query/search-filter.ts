import type { ColumnTest } from '../memory/columns/column-test.ts'
import { conjunction, type RowFilter } from '../schema/row-filter.ts'

/** One of the conditions of a filter. */
export interface FilterPart extends RowFilter {
  /** The condition on metadata columns that is true for exactly the same rows as the SQL. */
  readonly test?: ColumnTest | undefined
}

/** A condition on the rows of a search, as a whole and in parts, since some parts may be answered faster. */
export interface SearchFilter extends RowFilter {
  readonly parts?: readonly FilterPart[]
}

/** The conjunction of the parts. */
export function filterOf(parts: readonly FilterPart[]): Required<SearchFilter> {
  return { ...conjunction(parts), parts }
}
