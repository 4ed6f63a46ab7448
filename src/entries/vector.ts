/** Embeddings: their bytes, their text, their comparison; and the small document store of the original. */
export { decodeEmbedding, embeddingToJson, encodeEmbedding } from '../core/embedding.ts'
export { parseVectorText } from '../core/parse-vector.ts'
export { cosine, dot, euclidean, magnitude, manhattan } from '../core/compare.ts'
export type { EmbeddingBytes, VectorInput } from '../core/read-vector.ts'
export type { Metric } from '../core/metric.ts'
export {
  Store,
  type Document,
  type ScoredDocument,
  type StoreConnection,
} from '../viant/store/document-store.ts'
export { registerVectorFunctions } from '../tables/functions/vector-functions.ts'
