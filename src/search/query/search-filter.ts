import { areOneRange, joinedTests, type ColumnTest } from '../memory/columns/column-test.ts'
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

/** The conjunction of the parts. Both ends of a range become one part, which takes one pass over the cells of its column. */
export function filterOf(parts: readonly FilterPart[]): Required<SearchFilter> {
  const joined: FilterPart[] = []
  for (const part of parts) {
    const other = joined.findIndex(({ test }) => test && part.test && areOneRange(test, part.test))
    if (other < 0) joined.push(part)
    else joined[other] = bothParts(joined[other], part)
  }
  return { ...conjunction(joined), parts: joined }
}

function bothParts(one: FilterPart, other: FilterPart): FilterPart {
  const [test] = joinedTests([one.test!, other.test!])
  return { ...conjunction([one, other]), test }
}
