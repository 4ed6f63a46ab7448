import { Utf8 } from '../../core/utf8.ts'
import type { RowReader } from '../../database/row-reader.ts'
import type { BindValue } from '../../database/values.ts'
import type { ShadowTable } from './shadow-table.ts'

/** Bytes of `id` and `embedding` are views into SQLite's memory: gone when the visitor calls SQLite again. */
export type RowVisitor = (
  id: Uint8Array,
  embedding: Uint8Array,
  rowid: () => number,
  row: RowReader,
) => void

/** Where the columns begin that a reader of rows asked for beside id, embedding and rowid. */
export const VISITED_COLUMNS = 3
/** The same of `rowByKey`. */
export const KEYED_COLUMNS = 2

/** Rows that are not members of a search, by reason. */
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
 * costs less than a microsecond then, and several when they are fetched in the order of their ids. `more` are columns for
 * SQL, each after a comma.
 */
export function visitRows(
  shadow: ShadowTable,
  dataset: string,
  visit: RowVisitor,
  more = '',
): SkippedRows {
  const skipped: SkippedRows = { unembedded: 0, malformed: 0, unnamed: 0 }
  let present: RowReader
  const rowid = (): number => present.number(2)
  const { embedding } = shadow.documents
  const see = (row: RowReader): void => {
    present = row
    const length = embeddingLength(row, 1)
    if (length === 0) skipped.unembedded++
    else if (length < 0 || length % 4 !== 0) skipped.malformed++
    else if (!row.isText(0)) skipped.unnamed++
    else visit(row.bytes(0), row.bytes(1, length), rowid, row)
  }
  eachInFileOrder(shadow, dataset, `${embedding}, {rowid}${more}`, see)
  return skipped
}

/** Bytes of an embedding column; 0 for NULL and empty, -1 for a number. TEXT counts as its bytes, as in the original. */
export function embeddingLength(row: RowReader, column: number): number {
  if (row.isBlob(column) || row.isText(column)) return row.byteLength(column)
  return row.isNull(column) ? 0 : -1
}

/** Rows of a page: enough that a driver's call for them costs nothing beside them, and few in memory. */
const PAGE_ROWS = 4096
const LAST_ROWID = 2n ** 63n - 1n

/**
 * Visits all rows of a dataset. The columns of each are the id (0), another one (1), the rowid (2), and more: columns for
 * SQL, in which `{rowid}` is the rowid, or NULL.
 */
export function eachInFileOrder(
  shadow: ShadowTable,
  dataset: string,
  columns: string,
  visit: (row: RowReader) => void,
): void {
  const { db, documents, visible } = shadow
  const { rowid } = shadow.refresh()
  const select = `SELECT ${documents.id}, ${columns.replace('{rowid}', rowid ?? 'NULL')} FROM {table} WHERE`
  if (rowid === undefined) {
    shadow.each(`${select} ${documents.ofDataset} ${visible}`, [dataset], visit)
    return
  }
  const whole = isLargePart(shadow, dataset, rowid)
  if (!db.readsPages) {
    const rows = whole
      ? documents.inFileOrder
      : `${rowid} IN (SELECT ${rowid} FROM {table} WHERE ${documents.ofDataset})`
    shadow.each(`${select} ${rows} ${visible}`, [dataset], visit)
  } else if (whole) {
    const page = `${select} ${documents.inFileOrder} ${visible} AND ${rowid} >= ?2 ORDER BY ${rowid} LIMIT ${PAGE_ROWS}`
    eachPage(shadow, page, dataset, rowid, visit)
  } else {
    const page = `${select} ${rowid} IN (SELECT value FROM json_each(?1)) ${visible}`
    for (const rowids of pagesOfRowids(shadow, dataset, rowid))
      shadow.eachOfPage(page, [rowids], visit)
  }
}

/** Pages of the whole table, each from where the one before ended. */
function eachPage(
  shadow: ShadowTable,
  page: string,
  dataset: string,
  rowid: string,
  visit: (row: RowReader) => void,
): void {
  let from = shadow.first(`SELECT min(${rowid}) FROM {table}`, [], row => row.bigint(0))
  while (from !== undefined && from <= LAST_ROWID) from = nextPage(from)

  function nextPage(first: bigint): bigint | undefined {
    let rows = 0
    let next: bigint | undefined
    shadow.eachOfPage(page, [dataset, first], row => {
      if (++rows === PAGE_ROWS) next = row.bigint(2) + 1n
      visit(row)
    })
    return next
  }
}

/** JSON arrays of the rowids of a dataset, a page each. */
function pagesOfRowids(shadow: ShadowTable, dataset: string, rowid: string): string[] {
  const pages: string[] = []
  let rowids: bigint[] = []
  const end = (): void => {
    pages.push(`[${rowids.join(',')}]`)
    rowids = []
  }
  const sql = `SELECT ${rowid} FROM {table} WHERE ${shadow.documents.ofDataset} ORDER BY ${rowid}`
  shadow.each(sql, [dataset], row => {
    if (rowids.push(row.bigint(0)) === PAGE_ROWS) end()
  })
  if (rowids.length > 0) end()
  return pages
}

/** Whether reading past the other datasets' rows costs less than looking this one's up. */
export function isLargePart(shadow: ShadowTable, dataset: string, rowid: string): boolean {
  const total = countOf(shadow, `SELECT max(${rowid}) FROM {table}`, [])
  const limit = Math.ceil(total / 4)
  const probe = `SELECT count(*) FROM (SELECT 1 FROM {table} WHERE ${shadow.documents.ofDataset} LIMIT ?2)`
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

/**
 * Reads the present row of a key: its columns are the rowid (0), the embedding (1), and `more`: columns for SQL, each after
 * a comma. Undefined: gone, or hidden.
 */
export function rowByKey<R>(
  shadow: ShadowTable,
  dataset: string,
  id: Uint8Array,
  read: (row: RowReader) => R,
  more = '',
): R | undefined {
  const { rowid } = shadow.refresh()
  const { embedding, ofKey } = shadow.documents
  return shadow.first(
    `SELECT ${rowid ?? 'NULL'}, ${embedding}${more} FROM {table} WHERE ${ofKey} ${shadow.visible}`,
    [dataset, new Utf8(id)],
    read,
  )
}
