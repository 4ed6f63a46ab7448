/** Mastra: a vector store over vec tables. `@mastra/core` is an optional peer. */
export {
  SqliteVector,
  type SqliteVectorConfig,
  type SqliteVectorQuery,
} from '../frameworks/mastra/vector.ts'
export type { SqliteVectorFilter } from '../frameworks/mastra/mastra-filter.ts'
