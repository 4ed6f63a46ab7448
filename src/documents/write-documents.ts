import type { Database } from '../database/database.ts'
import { transaction } from '../database/transaction.ts'
import { overtake, type WaitingUpsert } from './call-order.ts'
import { ALL_FIELDS, fieldsOf, type DocumentWrite } from './document-fields.ts'
import { documentTable } from './find-table.ts'

/** Writes documents, all or none. `call`: they waited for embeddings; what was written since by later calls stays. */
export function writeDocuments(
  db: Database,
  shadow: string,
  dataset: string,
  documents: readonly DocumentWrite[],
  call?: WaitingUpsert,
): void {
  const table = documentTable(db, shadow)
  if (documents.length === 0) return
  table.prepare()
  transaction(db, () => {
    const writes = call?.notOvertaken(documents) ?? documents
    table.write(dataset, writes)
    overtake(
      db,
      shadow,
      dataset,
      writes.map(write => [write.id, fieldsOf(write)] as const),
      call,
    )
  }).immediate()
}

/** Deletes documents, all or none; returns how many there were. */
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
