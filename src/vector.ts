/** Embeddings: their bytes, their text, how they are compared; and the small document store of the original. */
export { decodeEmbedding, embeddingToJson, encodeEmbedding } from './vector/embedding.ts'
export { parseVectorText } from './vector/parse-vector.ts'
export { cosine, dot, euclidean, magnitude } from './vector/compare.ts'
export type { EmbeddingBytes, VectorInput } from './vector/read-vector.ts'
export type { Metric } from './vector/metric.ts'
export {
  Store,
  type Document,
  type ScoredDocument,
  type StoreConnection,
} from './collection/document-store.ts'
export { registerVectorFunctions } from './tables/vector-functions.ts'
