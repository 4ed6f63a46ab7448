/** Vector indexes without a database. */
export type {
  Candidates,
  IndexImage,
  IndexKind,
  IndexSection,
  IndexStrategy,
  InMemoryVectors,
  SearchRequest,
  VectorIndex,
} from '../index/vector-index.ts'
export {
  createAutoIndex,
  createCoverIndex,
  createExactIndex,
  restoreAutoIndex,
  restoreCoverIndex,
  restoreExactIndex,
} from '../index/checked/create-index.ts'
export type { ExactIndexOptions } from '../index/kinds/exact/exact-index.ts'
export type { CoverBound, CoverOptions } from '../index/kinds/cover-tree/cover-options.ts'
export type { AutoIndexOptions } from '../index/kinds/auto/auto-index.ts'
export { exactSimilarity, similarityToDistance, similarityToScore } from '../core/compare.ts'
export type { Metric } from '../core/metric.ts'
export type { VectorInput } from '../core/read-vector.ts'
export { canRunWasmKernels } from '../accelerators/simd/simd-module.ts'
