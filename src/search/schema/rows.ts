import { Utf8 } from '../../core/utf8.ts'
import type { RowReader } from '../../database/row-reader.ts'
import type { BindValue } from '../../database/values.ts'
import { OF_DATASET, OF_KEY } from './names.ts'
import type { ShadowTable } from './shadow-table.ts'

/** Bytes of `id` and `embedding` are views into SQLite's memory: gone when the visitor calls SQLite again. */
export type RowVisitor = (id: Uint8Array, embedding: Uint8Array, rowid: () => number) => void

/** Rows that are no members of a search, by reason. */
export interface SkippedRows {
  /** NULL or empty: a document that was not embedded. */
  unembedded: number
  /** The length in bytes is not a multiple of 4, or the value is not a BLOB. */
  malformed: number
  /** An id that is not text. */
  unnamed: number
}

/**
 * Visits the rows of a dataset whose embedding could be a vector, in the order in which they lie in the file: a row
 * costs less than a microsecond then, and several when they are fetched in the order of their ids.
 */
export function visitRows(shadow: ShadowTable, dataset: string, visit: RowVisitor): SkippedRows {
  const skipped: SkippedRows = { unembedded: 0, malformed: 0, unnamed: 0 }
  let present: RowReader
  const rowid = (): number => present.number(2)
  shadow.each(rowsInFileOrder(shadow, dataset), [dataset], row => {
    present = row
    const length = embeddingLength(row, 1)
    if (length === 0) skipped.unembedded++
    else if (length < 0 || length % 4 !== 0) skipped.malformed++
    else if (!row.isText(0)) skipped.unnamed++
    else visit(row.bytes(0), row.bytes(1, length), rowid)
  })
  return skipped
}

/** Bytes of an embedding column; 0 for NULL and empty, -1 for a number. TEXT counts as its bytes, as in the original. */
export function embeddingLength(row: RowReader, column: number): number {
  if (row.isBlob(column) || row.isText(column)) return row.byteLength(column)
  return row.isNull(column) ? 0 : -1
}

function rowsInFileOrder(shadow: ShadowTable, dataset: string): string {
  const { rowid } = shadow.refresh()
  const columns = `id, embedding, ${rowid ?? 'NULL'}`
  if (rowid === undefined) {
    return `SELECT ${columns} FROM {table} WHERE ${OF_DATASET} ${shadow.visible}`
  }
  if (isLargePart(shadow, dataset, rowid)) {
    // Unary plus keeps the index on (dataset_id, id) out of it: the whole table is read once, front to back.
    return `SELECT ${columns} FROM {table} WHERE +dataset_id = ?1 COLLATE BINARY ${shadow.visible}`
  }
  return `SELECT ${columns} FROM {table} WHERE ${rowid} IN (SELECT ${rowid} FROM {table} WHERE ${OF_DATASET}) ${shadow.visible}`
}

/** Whether reading past the other datasets' rows costs less than looking this one's up. */
export function isLargePart(shadow: ShadowTable, dataset: string, rowid: string): boolean {
  const total = countOf(shadow, `SELECT max(${rowid}) FROM {table}`, [])
  const limit = Math.ceil(total / 4)
  const probe = `SELECT count(*) FROM (SELECT 1 FROM {table} WHERE ${OF_DATASET} LIMIT ?2)`
  return countOf(shadow, probe, [dataset, limit]) >= limit
}

/** The one number that a statement of a shadow table gives; NULL counts as 0. */
export function countOf(
  shadow: ShadowTable,
  sql: string,
  parameters: readonly BindValue[],
): number {
  return shadow.first(sql, parameters, row => row.number(0)) ?? 0
}

/** Reads the present row of a key: its columns are the rowid (0) and the embedding (1). Undefined: gone, or hidden. */
export function rowByKey<R>(
  shadow: ShadowTable,
  dataset: string,
  id: Uint8Array,
  read: (row: RowReader) => R,
): R | undefined {
  const { rowid } = shadow.refresh()
  return shadow.first(
    `SELECT ${rowid ?? 'NULL'}, embedding FROM {table} WHERE ${OF_KEY} ${shadow.visible}`,
    [dataset, new Utf8(id)],
    read,
  )
}
