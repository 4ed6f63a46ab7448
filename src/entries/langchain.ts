/** LangChain.js: a vector store and a record manager over a vec table. `@langchain/core` is an optional peer. */
export {
  SqliteVecStore,
  type SqliteVecStoreConfig,
  type SqliteVecStoreDeletion,
} from '../frameworks/langchain/vector-store.ts'
export {
  SqliteRecordManager,
  type SqliteRecordManagerConfig,
} from '../frameworks/langchain/record-manager.ts'
export type { Filter } from '../core/filter/filter.ts'
