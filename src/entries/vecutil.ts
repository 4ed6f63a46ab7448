/** Texts in, texts out: documents are embedded on the way. */
export {
  embedEach,
  embedText,
  embedTexts,
  type EmbedFunc,
  type EmbedOptions,
} from '../documents/embed.ts'
export type { ShadowDocument, TextDocument } from '../documents/document-fields.ts'
export {
  deleteShadowDocuments,
  upsertShadowDocument,
  upsertShadowDocuments,
  upsertVirtualTableDocument,
} from '../documents/shadow-documents.ts'
export type { TextOptions } from '../documents/upsert-texts.ts'
export { matchText, type MatchOptions, type TextHit } from '../documents/match-text.ts'
export { Collection, type CollectionOptions } from '../documents/collection.ts'
export { chunkText, type Chunk, type ChunkOptions } from '../documents/chunking/chunk-text.ts'
export type { FieldFilter, Filter, FilterValue } from '../core/filter/filter.ts'
export { shadowTableName } from '../search/schema/names.ts'
