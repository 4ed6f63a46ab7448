/** The vec virtual table. */
export { register } from '../tables/register.ts'
export { shadowTableName } from '../search/schema/names.ts'
export type { Metric } from '../core/metric.ts'
export { indexCache } from '../search/memory/index-cache.ts'
export { threadPool, type ThreadPool } from '../accelerators/threads/thread-pool.ts'
export type { TextSpec, Tokenizer } from '../search/schema/text-spec.ts'
export { DimensionRule } from '../tables/vec/dimension-rule.ts'
export {
  describeTable,
  vecTableNames,
  type DatasetDescription,
  type DeclaredColumn,
  type DescribeOptions,
  type TableDescription,
} from '../tables/describe-table.ts'
