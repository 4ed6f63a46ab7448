import type { Condition } from '../../core/filter/condition.ts'
import type { Filter } from '../../core/filter/filter.ts'
import { parseFilter } from '../../core/filter/parse-filter.ts'

/** The checked condition of a filter; undefined without a filter. Throws VEC_FILTER. */
export function readCondition(filter: Filter | undefined): Condition | undefined {
  return filter === undefined ? undefined : parseFilter(filter)
}
