/** Vector indexes without a database. */
export type {
  Candidates,
  IndexImage,
  IndexKind,
  IndexSection,
  SearchRequest,
  VectorIndex,
} from './indexes/vector-index.ts'
export { createExactIndex, type ExactIndexOptions } from './indexes/exact/exact-index.ts'
export { restoreExactIndex } from './indexes/exact/restore.ts'
export { createCoverIndex, restoreCoverIndex } from './indexes/cover/cover-index.ts'
export type { CoverBound, CoverOptions } from './indexes/cover/cover-options.ts'
export {
  createAutoIndex,
  restoreAutoIndex,
  type AutoIndexOptions,
} from './indexes/auto/auto-index.ts'
export { exactSimilarity, similarityToDistance, similarityToScore } from './vector/similarity.ts'
export type { Metric } from './vector/metric.ts'
export { canRunWasmKernels } from './kernels/wasm.ts'
