/** Collections of texts: documents are embedded when they are added. */
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
export { Collection } from '../documents/collection.ts'
export type { CollectionOptions } from '../documents/collection/collection-options.ts'
export type { ColumnValues } from '../documents/collection/column-values.ts'
export type { Facet, FacetOptions, FieldValue } from '../documents/collection/facets.ts'
export type { GetOptions } from '../documents/collection/get-documents.ts'
export type { CollectionDocument, DocumentChange } from '../documents/collection/given-documents.ts'
export type { Hit, HitPage } from '../documents/collection/hit.ts'
export type { DocumentPage, ListOptions, ListOrder } from '../documents/collection/list.ts'
export type {
  CollectionQuery,
  QueryManyOptions,
  HybridOptions,
  MmrOptions,
  QueryMode,
  RerankOptions,
} from '../documents/collection/read-query.ts'
export type { RerankFunc, RerankQuery } from '../documents/collection/rerank.ts'
export type { DocumentSelection } from '../documents/collection/read-selection.ts'
export type { Included } from '../documents/collection/included.ts'
export type { StoredDocument } from '../documents/collection/stored-document.ts'
export type {
  MigrateOptions,
  MigrationProgress,
  MigrationReport,
  RollbackOptions,
} from '../documents/migration/migrate.ts'
export type { MigrationStatus } from '../documents/migration/migration-steps.ts'
export { chunkText, type Chunk, type ChunkOptions } from '../documents/chunking/chunk-text.ts'
export type { FieldFilter, Filter, FilterValue } from '../core/filter/filter.ts'
export type { SqliteHandle } from '../database/driver-of.ts'
export { shadowTableName } from '../search/schema/names.ts'
