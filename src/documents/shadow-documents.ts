import type { Database } from '../database/database.ts'
import { shadowTableName } from '../search/schema/names.ts'
import {
  requireEmbed,
  requireList,
  requireModelName,
  requireOptions,
  requirePlace,
} from './arguments.ts'
import {
  readShadowDocument,
  readShadowDocuments,
  readTextDocument,
  readTextDocuments,
  requireId,
  type ShadowDocument,
  type TextDocument,
} from './document-fields.ts'
import { upsertTexts, type TextOptions } from './upsert-texts.ts'
import { deleteDocuments, writeDocuments } from './write-documents.ts'

/**
 * Inserts a document into a shadow table, or updates the one with the same id: an absent field keeps its stored value,
 * `null` erases it. Errors as for upsertShadowDocuments.
 *
 *     upsertShadowDocument(db, '_vec_docs', 'demo', { id: 'a', meta: '{"seen":true}' }) // its vector stays
 */
export function upsertShadowDocument(
  db: Database,
  shadow: string,
  dataset: string,
  document: ShadowDocument,
): void
/** Also embeds the content. Returns how many contents were embedded, 0 or 1. */
export function upsertShadowDocument(
  db: Database,
  shadow: string,
  dataset: string,
  document: TextDocument,
  options: TextOptions,
): Promise<number>
export function upsertShadowDocument(
  db: Database,
  shadow: string,
  dataset: string,
  document: ShadowDocument | TextDocument,
  options?: TextOptions,
): void | Promise<number> {
  if (options !== undefined) return upsertOneText(db, shadow, dataset, document, options, 'shadow')
  requirePlace(db, shadow, dataset, 'shadow')
  writeDocuments(db, shadow, dataset, [readShadowDocument(document, 'document')])
}

/** Takes the name of the vec table instead. */
export function upsertVirtualTableDocument(
  db: Database,
  table: string,
  dataset: string,
  document: ShadowDocument,
): void
export function upsertVirtualTableDocument(
  db: Database,
  table: string,
  dataset: string,
  document: TextDocument,
  options: TextOptions,
): Promise<number>
export function upsertVirtualTableDocument(
  db: Database,
  table: string,
  dataset: string,
  document: ShadowDocument | TextDocument,
  options?: TextOptions,
): void | Promise<number> {
  if (options !== undefined) return upsertOneText(db, table, dataset, document, options, 'table')
  requirePlace(db, table, dataset, 'table')
  writeDocuments(db, shadowTableName(table), dataset, [readShadowDocument(document, 'document')])
}

/**
 * Inserts or updates documents, all or none, in one transaction: an absent field keeps its stored value, `null` erases
 * it. Throws VEC_DIMENSION and VEC_MODEL for an embedding that does not match the dataset, VEC_SHADOW if the table does
 * not exist, VEC_EMBEDDING and TypeError for values that are not vectors.
 */
export function upsertShadowDocuments(
  db: Database,
  shadow: string,
  dataset: string,
  documents: readonly ShadowDocument[],
): void
/**
 * Also embeds their contents, before the transaction begins. Embeds only contents that are new or changed, or were
 * embedded by another model, and returns their number. Of two documents with one id, the last one counts. Of two calls
 * with one document, the later call counts, whichever embedding arrives first.
 */
export function upsertShadowDocuments(
  db: Database,
  shadow: string,
  dataset: string,
  documents: readonly TextDocument[],
  options: TextOptions,
): Promise<number>
export function upsertShadowDocuments(
  db: Database,
  shadow: string,
  dataset: string,
  documents: readonly (ShadowDocument | TextDocument)[],
  options?: TextOptions,
): void | Promise<number> {
  if (options !== undefined) return upsertManyTexts(db, shadow, dataset, documents, options)
  requirePlace(db, shadow, dataset, 'shadow')
  writeDocuments(db, shadow, dataset, readShadowDocuments(documents))
}

/** Deletes documents, all or none. Returns how many there were. Errors as for upsertShadowDocuments. */
export function deleteShadowDocuments(
  db: Database,
  shadow: string,
  dataset: string,
  ids: readonly string[],
): number {
  requirePlace(db, shadow, dataset, 'shadow')
  requireList(ids, 'ids', 'ids')
  for (const [i, id] of ids.entries()) requireId(id, `ids[${i}]`)
  return deleteDocuments(db, shadow, dataset, ids)
}

async function upsertManyTexts(
  db: Database,
  shadow: string,
  dataset: string,
  documents: unknown,
  options: TextOptions,
): Promise<number> {
  requirePlace(db, shadow, dataset, 'shadow')
  requireTextOptions(options)
  return upsertTexts(db, shadow, dataset, readTextDocuments(documents), options)
}

async function upsertOneText(
  db: Database,
  table: string,
  dataset: string,
  document: unknown,
  options: TextOptions,
  tableIs: 'shadow' | 'table',
): Promise<number> {
  requirePlace(db, table, dataset, tableIs)
  requireTextOptions(options)
  const shadow = tableIs === 'table' ? shadowTableName(table) : table
  return upsertTexts(db, shadow, dataset, [readTextDocument(document, 'document')], options)
}

function requireTextOptions(options: TextOptions): void {
  requireOptions(options)
  requireEmbed(options.embed, 'options.embed')
  requireModelName(options.model)
}
