import { scalar } from '../../database/query.ts'
import { isLargePart } from './rows.ts'
import type { ShadowTable } from './shadow-table.ts'
import { float32Bytes, holdsBytes } from './stored-vector.ts'

/** The rows per page: few, since SQLite and the driver each hold the values of a page in one piece. */
const PAGE_ROWS = 512
const LAST_ROWID = 2n ** 63n - 1n

/**
 * Visits the vectors of a dataset like `visitRows`, for drivers that make an object of every value: here a page of rows
 * has two values, all ids and all embeddings, one behind the other. Both arguments of `visit` are views of them. Returns
 * false, without a visit, for a table that cannot be read in this way.
 */
export function visitJoinedRows(
  shadow: ShadowTable,
  dataset: string,
  visit: (id: Uint8Array, embedding: Uint8Array) => void,
): boolean {
  const { db, documents, visible } = shadow
  const { rowid, type } = shadow.refresh()
  if (db.readsPages !== true || rowid === undefined || !isLargePart(shadow, dataset, rowid)) {
    return false
  }
  // In UTF-16 SQLite would convert the bytes.
  if (scalar(db, 'PRAGMA encoding') !== 'UTF-8') return false
  const { id, embedding } = documents
  const rows = `SELECT ${rowid} AS r, ${id} AS i, ${embedding} AS e, ${bytesOf(embedding)} AS length
    FROM {table} WHERE ${documents.inFileOrder} ${visible} AND ${rowid} >= ?2
      AND typeof(${id}) = 'text' AND ${holdsBytes(type, embedding)}
      AND length > 0 AND length % ${type.bytes} = 0 ORDER BY ${rowid} LIMIT ${PAGE_ROWS}`
  const page = `SELECT max(r), group_concat(length(CAST(i AS BLOB))), CAST(group_concat(i, '') AS BLOB),
      group_concat(length), CAST(group_concat(e, '') AS BLOB) FROM (${rows})`
  let from = shadow.first(`SELECT min(${rowid}) FROM {table}`, [], row => row.bigint(0))
  while (from !== undefined && from <= LAST_ROWID) {
    from = shadow.first(page, [dataset, from], row => {
      if (row.isNull(0)) return undefined
      const idLengths = row.text(1).split(',')
      const ids = row.bytes(2)
      const lengths = row.text(3).split(',')
      const embeddings = row.bytes(4)
      let idAt = 0
      let at = 0
      for (const [i, length] of lengths.entries()) {
        const idEnd = idAt + Number(idLengths[i])
        const end = at + Number(length)
        visit(ids.subarray(idAt, idEnd), float32Bytes(type, embeddings.subarray(at, end)))
        idAt = idEnd
        at = end
      }
      return lengths.length < PAGE_ROWS ? undefined : row.bigint(0) + 1n
    })
  }
  return true
}

/** 0 for what is neither BLOB nor TEXT. */
function bytesOf(column: string): string {
  return `CASE typeof(${column}) WHEN 'blob' THEN length(${column}) WHEN 'text' THEN length(CAST(${column} AS BLOB)) ELSE 0 END`
}
