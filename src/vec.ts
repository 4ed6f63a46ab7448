/** The vec virtual table. */
export { register } from './tables/register.ts'
export { shadowTableName } from './store/names.ts'
export type { Metric } from './vector/metric.ts'
export { sliceCache as indexCache } from './store/slice-cache.ts'
export { DimensionRule } from './tables/dimension-rule.ts'
