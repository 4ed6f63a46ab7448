/** Texts in, texts out: documents are embedded on the way. */
export {
  embedEach,
  embedText,
  embedTexts,
  type EmbedFunc,
  type EmbedOptions,
} from './collection/embed.ts'
export type { ShadowDocument } from './collection/shadow-rows.ts'
export {
  deleteShadowDocuments,
  upsertShadowDocument,
  upsertShadowDocuments,
  upsertVirtualTableDocument,
  type TextDocument,
  type TextOptions,
} from './collection/shadow-documents.ts'
export { matchText, type MatchOptions, type TextHit } from './collection/match-text.ts'
export { Collection, type CollectionOptions } from './collection/collection.ts'
export { shadowTableName } from './store/names.ts'
