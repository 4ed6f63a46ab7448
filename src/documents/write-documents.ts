import type { Database } from '../database/database.ts'
import { transaction } from '../database/transaction.ts'
import { overtake, type WaitingUpsert } from './call-order.ts'
import { ALL_FIELDS, fieldsOf, type DocumentWrite } from './document-fields.ts'
import type { DocumentTable } from './document-table.ts'
import { documentTable } from './find-table.ts'

/** Adapts a write in its transaction. Undefined: nothing is written. */
export type Adapt = (table: DocumentTable, write: DocumentWrite) => DocumentWrite | undefined

/**
 * Writes documents, all or none, and returns their number. `call`: the documents waited for embeddings; what later
 * calls have written since stays. `adapt` sees each document last, with access to the stored one.
 */
export function writeDocuments(
  db: Database,
  shadow: string,
  dataset: string,
  documents: readonly DocumentWrite[],
  call?: WaitingUpsert,
  adapt?: Adapt,
): number {
  const table = documentTable(db, shadow)
  if (documents.length === 0) return 0
  table.prepare()
  return transaction(db, () => {
    const left = call?.notOvertaken(documents) ?? documents
    const writes = adapt
      ? left.map(write => adapt(table, write)).filter(write => write !== undefined)
      : left
    table.write(dataset, writes)
    overtake(
      db,
      shadow,
      dataset,
      writes.map(write => [write.id, fieldsOf(write)] as const),
      call,
    )
    return writes.length
  }).immediate()
}

/** Deletes documents, all or none. Returns how many there were. */
export function deleteDocuments(
  db: Database,
  shadow: string,
  dataset: string,
  ids: readonly string[],
): number {
  const table = documentTable(db, shadow)
  if (ids.length === 0) return 0
  return transaction(db, () => {
    const deleted = table.delete(dataset, ids)
    overtake(
      db,
      shadow,
      dataset,
      ids.map(id => [id, ALL_FIELDS] as const),
    )
    return deleted
  }).immediate()
}

/** Deletes the documents that `select` returns inside the transaction, all or none. Returns how many there were. */
export function deleteSelected(
  db: Database,
  shadow: string,
  dataset: string,
  select: () => readonly string[],
): number {
  documentTable(db, shadow)
  return transaction(db, () => deleteDocuments(db, shadow, dataset, select())).immediate()
}
