import type { DocumentWrite } from '../documents/document-fields.ts'
import { DocumentTable } from '../documents/document-table.ts'
import type { ShadowTable } from '../search/schema/shadow-table.ts'
import type { CheckedDocument } from './documents.ts'
import { RowWriter } from './row-writer.ts'

/** Writes the rows of an attached table, inside a transaction. */
export interface Writer {
  /** Called before the transaction. */
  prepare(): void
  write(dataset: string, documents: readonly CheckedDocument[]): void
  delete(dataset: string, keys: readonly string[]): number
}

/** Tables with the columns of a vec table follow its rules: one model per dataset, `scn`, all four fields. */
export function writerOf(shadow: ShadowTable): Writer {
  const rows = new RowWriter(shadow)
  if (!shadow.documents.standard) {
    return {
      prepare: () => undefined,
      write: (dataset, documents) => rows.write(dataset, documents),
      delete: (dataset, keys) => rows.delete(dataset, keys),
    }
  }
  const table = new DocumentTable(shadow.db, shadow.schema, shadow.name)
  return {
    prepare: () => table.prepare(),
    write: (dataset, documents) => {
      if (documents.some(({ columns }) => Object.keys(columns).length > 0))
        rows.write(dataset, documents)
      else table.write(dataset, documents.map(documentWrite))
    },
    delete: (dataset, keys) => table.delete(dataset, keys),
  }
}

function documentWrite(document: CheckedDocument): DocumentWrite {
  const { key, embedding, content, meta, model } = document
  const given = { content, meta, embedding, embedding_model: model }
  const fields = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  )
  return { id: key, fields }
}
