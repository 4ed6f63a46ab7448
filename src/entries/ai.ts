/** Vercel AI SDK: an embed function of an embedding model, and a tool that searches. `ai` is an optional peer. */
export { embedder, type EmbedderOptions } from '../frameworks/ai/embedder.ts'
export {
  searchTool,
  type Searchable,
  type SearchToolDocument,
  type SearchToolInput,
  type SearchToolOptions,
  type SearchToolOutput,
} from '../frameworks/ai/search-tool.ts'
export type { Filter } from '../core/filter/filter.ts'
