import { Utf8 } from '../../core/utf8.ts'
import type { RowReader } from '../../database/row-reader.ts'
import type { BindValue } from '../../database/values.ts'
import type { ShadowTable } from './shadow-table.ts'
import type { Shape } from './shape.ts'
import { vectorBytes, vectorLength } from './stored-vector.ts'

/**
 * The bytes of `id`, and those of `embedding` as float32, are views that are invalid once the visitor calls SQLite
 * again.
 */
export type RowVisitor = (
  id: Uint8Array,
  embedding: Uint8Array,
  rowid: () => number,
  row: RowReader,
) => void

/** The first of the additional columns of a visited row, after id, embedding and rowid. */
export const VISITED_COLUMNS = 3
/** The first of the additional columns of `rowByKey`. */
export const KEYED_COLUMNS = 2

/** Rows that are not members of an index, by reason. */
export interface SkippedRows {
  /** NULL or empty: a document without an embedding. */
  unembedded: number
  /** The length in bytes is not that of numbers, or the value is not a BLOB. */
  malformed: number
  /** The id is not text. */
  unnamed: number
}

/**
 * Visits the rows of a dataset whose embedding could be a vector, in file order. A row then costs less than a
 * microsecond, while it costs several in the order of the ids. `more` are SQL columns, each after a comma.
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
  const { type } = shadow.refresh()
  const see = (row: RowReader): void => {
    present = row
    const dim = vectorLength(type, row, 1)
    if (dim === 0) skipped.unembedded++
    else if (dim < 0) skipped.malformed++
    else if (!row.isText(0)) skipped.unnamed++
    else visit(row.bytes(0), vectorBytes(type, row, 1, dim), rowid, row)
  }
  eachInFileOrder(shadow, dataset, `${embedding}, {rowid}${more}`, see)
  return skipped
}

/** The rows per page: enough that the call of a driver costs little beside them, and few enough for memory. */
const PAGE_ROWS = 4096
const LAST_ROWID = 2n ** 63n - 1n

/**
 * Visits all rows of a dataset. The columns of each are the id (0), another one (1), the rowid (2), and more: SQL
 * columns in which `{rowid}` is replaced by the rowid, or NULL.
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

/** The pages of the whole table, each starting where the previous one ended. */
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

/** The rowids of a dataset as JSON arrays, one per page. */
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

/** Whether reading past the rows of other datasets costs less than looking up the rows of this one. */
export function isLargePart(shadow: ShadowTable, dataset: string, rowid: string): boolean {
  const total = countOf(shadow, `SELECT max(${rowid}) FROM {table}`, [])
  const limit = Math.ceil(total / 4)
  const probe = `SELECT count(*) FROM (SELECT 1 FROM {table} WHERE ${shadow.documents.ofDataset} LIMIT ?2)`
  return countOf(shadow, probe, [dataset, limit]) >= limit
}

/** The one number that a statement of a shadow table returns. NULL counts as 0. */
export function countOf(
  shadow: ShadowTable,
  sql: string,
  parameters: readonly BindValue[],
): number {
  return shadow.first(sql, parameters, row => row.number(0)) ?? 0
}

/**
 * Reads the current row of a key. Its columns are the rowid (0), the embedding (1), and `more`: SQL columns, each after
 * a comma. Undefined if the row does not exist or is hidden.
 */
export function rowByKey<R>(
  shadow: ShadowTable,
  dataset: string,
  id: Uint8Array,
  read: (row: RowReader) => R,
  more = '',
): R | undefined {
  return shadow.first(rowOfKey(shadow, more), [dataset, new Utf8(id)], read)
}

/** The statement of `rowByKey`, for many rows of one snapshot: its parameters are the dataset and the id. */
export function rowOfKey(shadow: ShadowTable, more = ''): string {
  return selectRow(shadow, shadow.refresh(), more)
}

/**
 * The same for rows whose rowid may be the third parameter: it finds nothing if the row has another one. Undefined where rows lack
 * a rowid, or a key may have several.
 */
export function rowOfGuess(shadow: ShadowTable): string | undefined {
  const shape = shadow.refresh()
  const { rowid, unique } = shape
  return rowid !== undefined && unique
    ? `${selectRow(shadow, shape, '')} AND ${rowid} = ?3`
    : undefined
}

function selectRow(shadow: ShadowTable, shape: Shape, more: string): string {
  const { embedding, ofKey } = shadow.documents
  return `SELECT ${shape.rowid ?? 'NULL'}, ${embedding}${more} FROM {table} WHERE ${ofKey} ${shadow.visibleIn(shape)}`
}
