/** LlamaIndex.TS: a vector store over a vec table. `@llamaindex/core` is an optional peer. */
export {
  SqliteVectorStore,
  type SqliteVectorStoreConfig,
  type SqliteVectorStoreParams,
} from '../frameworks/llamaindex/vector-store.ts'
