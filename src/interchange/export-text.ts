import { doubleQuoted } from '../core/quote.ts'
import type { SqlValue } from '../database/values.ts'
import { COLUMN } from '../search/schema/columns.ts'
import { storedType } from '../search/schema/stored-type.ts'
import { float32Bytes } from '../search/schema/stored-vector.ts'
import { storedColumns } from './declared-column.ts'
import {
  csvHead,
  csvLine,
  jsonLine,
  type StoredDocument,
  type VectorText,
} from './document-text.ts'
import type { ExportRun } from './export-run.ts'

/** The approximate length of the pieces of text that are written. */
const PIECE = 2 ** 18

/** Documents as JSONL or CSV, one per line. */
export async function exportText(
  run: ExportRun & { readonly format: string; readonly vectors: VectorText },
): Promise<{ written: number; dim: undefined }> {
  const { target, turn, vectors } = run
  const columns = storedColumns(run.table)
  const line = run.format === 'csv' ? csvLine : jsonLine
  let piece = run.format === 'csv' ? `${csvHead(columns)}\n` : ''
  let written = 0
  for (const document of storedDocuments(run)) {
    piece += `${line(document, vectors, columns)}\n`
    written++
    if (piece.length < PIECE) continue
    await target.write(piece)
    piece = ''
    await turn(written)
  }
  await target.write(piece)
  await turn(written)
  return { written, dim: undefined }
}

function* storedDocuments({ db, table, from, parameters }: ExportRun): Generator<StoredDocument> {
  const column = (name: string): string => (table.columns.includes(name) ? name : 'NULL')
  const columns = storedColumns(table).map(({ name }) =>
    table.columns.includes(name.toLowerCase()) ? doubleQuoted(name) : 'NULL',
  )
  using statement = db.prepare(
    `SELECT ${COLUMN.dataset}, ${COLUMN.id}, ${column(COLUMN.content)}, ${column(COLUMN.meta)}, ${COLUMN.embedding},
       ${column(COLUMN.model)}, ${[column(COLUMN.archived), ...columns].join(', ')} FROM ${from}`,
  )
  const type = storedType(db, table.shadow)
  for (const row of statement.raw().iterate([...parameters])) {
    const [dataset, id, content, meta, embedding, model, archived, ...values] = row as SqlValue[]
    yield {
      dataset,
      id,
      content,
      meta,
      // Bytes that are not a vector are written as they are.
      embedding:
        embedding instanceof Uint8Array && embedding.length % type.bytes === 0
          ? float32Bytes(type, embedding)
          : embedding,
      model,
      archived: Number(archived ?? 0) !== 0,
      columns: values,
    }
  }
}
