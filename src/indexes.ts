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
export { exactSimilarity, similarityToDistance, similarityToScore } from './vector/similarity.ts'
export type { Metric } from './vector/metric.ts'
export { canRunWasmKernels } from './kernels/wasm.ts'
