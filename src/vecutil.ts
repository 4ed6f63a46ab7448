/** Texts in, texts out: documents are embedded on the way. */
export {
  embedEach,
  embedText,
  embedTexts,
  type EmbedFunc,
  type EmbedOptions,
} from './collection/embed.ts'
export type { ShadowDocument, TextDocument } from './collection/document-fields.ts'
export {
  deleteShadowDocuments,
  upsertShadowDocument,
  upsertShadowDocuments,
  upsertVirtualTableDocument,
} from './collection/shadow-documents.ts'
export type { TextOptions } from './collection/upsert-texts.ts'
export { matchText, type MatchOptions, type TextHit } from './collection/match-text.ts'
export { Collection, type CollectionOptions } from './collection/collection.ts'
export { chunkText, type Chunk, type ChunkOptions } from './chunking/chunk-text.ts'
export type { FieldFilter, Filter, FilterValue } from './filter/filter.ts'
export { shadowTableName } from './store/names.ts'
