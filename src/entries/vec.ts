/** The vec virtual table. */
export { register } from '../tables/register.ts'
export { shadowTableName } from '../search/schema/names.ts'
export type { Metric } from '../core/metric.ts'
export { indexCache } from '../search/memory/index-cache.ts'
export { DimensionRule } from '../tables/vec/dimension-rule.ts'
export {
  describeTable,
  vecTableNames,
  type DatasetDescription,
  type DescribeOptions,
  type TableDescription,
} from '../tables/describe-table.ts'
