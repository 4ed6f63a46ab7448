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
 * Inserts a document into a shadow table, or changes the one of the same id: a field that is absent keeps what is stored,
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
/** The same with its content embedded on the way; how many were embedded, 0 or 1. */
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

/** The same by the name of the vec table. */
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
 * Inserts documents, or changes those that are there, all or none, in one transaction: a field that is absent keeps what
 * is stored, `null` erases it. Throws VEC_DIMENSION and VEC_MODEL when an embedding does not fit those of the dataset,
 * VEC_SHADOW if the table does not exist, VEC_EMBEDDING and TypeError for values that are not vectors.
 */
export function upsertShadowDocuments(
  db: Database,
  shadow: string,
  dataset: string,
  documents: readonly ShadowDocument[],
): void
/**
 * The same with their contents embedded, before the transaction opens. Only contents that are new or changed, or were
 * embedded by another model, are embedded; their number is returned. Of two documents with one id the last one counts.
 * Of two calls that have one document the one that was called last counts, whichever embedding comes back first.
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

/** Deletes documents, all or none; returns how many there were. Errors as for upsertShadowDocuments. */
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
