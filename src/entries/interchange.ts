/** Documents to and from files: importDocuments() and exportDocuments(). For Node, since it reads and writes files. */
export {
  DEFAULT_BATCH,
  DEFAULT_DATASET,
  importDocuments,
  type ImportOptions,
  type ImportProgress,
  type ImportReport,
} from '../interchange/import-documents.ts'
export type { ConflictMode } from '../interchange/importer.ts'
export {
  exportDocuments,
  type ExportFormat,
  type ExportOptions,
  type ExportProgress,
  type ExportReport,
} from '../interchange/export-documents.ts'
export type { Sink } from '../interchange/export-run.ts'
export type { VectorText } from '../interchange/document-text.ts'
export { InterchangeError, type Place } from '../interchange/interchange-error.ts'
export { RowFilter, type RowCondition } from '../interchange/row-filter.ts'
export type { SourceRecord } from '../interchange/document.ts'
export type { ByteInput, NamedBytes } from '../interchange/sources/byte-input.ts'
export type { SourceFormat, SourceOptions } from '../interchange/sources/choose-source.ts'
export type { TableChoice } from '../interchange/sources/database-source.ts'
export { USUAL_FIELDS, type RecordOptions } from '../interchange/sources/record-mapper.ts'
export type { NamedRecords } from '../interchange/sources/record-source.ts'
