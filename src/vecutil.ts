/** Texts in, texts out: documents are embedded on the way. */
export { embedEach, embedTexts, type EmbedFunc, type EmbedOptions } from './collection/embed.ts'
export {
  deleteShadowDocuments,
  upsertShadowDocument,
  upsertShadowDocuments,
  upsertVirtualTableDocument,
  type ShadowDocument,
} from './collection/shadow-documents.ts'
export {
  Collection,
  matchText,
  type CollectionOptions,
  type TextDocument,
  type TextHit,
} from './collection/collection.ts'
export { shadowTableName } from './store/names.ts'
