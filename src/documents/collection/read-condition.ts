import { lateParser } from '#late-parser'
import type { Condition } from '../../core/filter/condition.ts'
import type { Filter } from '../../core/filter/filter.ts'

/** The checked condition of a filter; undefined without a filter. Throws VEC_FILTER. */
export function readCondition(filter: Filter | undefined): Condition | undefined {
  return filter === undefined ? undefined : lateParser.needed.parseFilter(filter)
}
