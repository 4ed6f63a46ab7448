/** Vector indexes without a database. */
export type {
  Candidates,
  IndexImage,
  IndexKind,
  IndexSection,
  SearchRequest,
  VectorIndex,
} from './indexes/vector-index.ts'
export {
  createAutoIndex,
  createCoverIndex,
  createExactIndex,
  restoreAutoIndex,
  restoreCoverIndex,
  restoreExactIndex,
} from './indexes/checked/create-index.ts'
export type { ExactIndexOptions } from './indexes/exact/exact-index.ts'
export type { CoverBound, CoverOptions } from './indexes/cover/cover-options.ts'
export type { AutoIndexOptions } from './indexes/auto/auto-index.ts'
export { exactSimilarity, similarityToDistance, similarityToScore } from './vector/compare.ts'
export type { Metric } from './vector/metric.ts'
export type { VectorInput } from './vector/read-vector.ts'
export { canRunWasmKernels } from './kernels/wasm.ts'
