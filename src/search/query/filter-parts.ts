import { compileFilter, type FilterTarget } from '../../core/filter/compile-filter.ts'
import type { Condition } from '../../core/filter/condition.ts'
import { filterTest } from '../memory/columns/filter-test.ts'
import type { StoredColumn } from '../schema/table-schema.ts'
import type { FilterPart } from './search-filter.ts'

/** A filter as conditions that must all hold. Conditions on metadata columns alone are answered faster. */
export function filterParts(
  condition: Condition,
  target: FilterTarget,
  columnOf: (path: string) => StoredColumn | undefined,
): FilterPart[] {
  const parts = condition.kind === 'all' ? condition.of : [condition]
  return parts.map(part => {
    const { sql, parameters } = compileFilter(part, target)
    return { sql, parameters, test: filterTest(part, columnOf) }
  })
}
