import type { Statement } from '../engine/statement.ts'
import type { ShadowTable } from './shadow-table.ts'

/** A dataset is a part of a shadow table: what is read of it, however the table is keyed. */
const OF_DATASET = 'dataset_id = ?1 AND dataset_id = ?1 COLLATE BINARY'

/** Bytes of `id` and `embedding` are views into SQLite's memory: gone when the visitor calls SQLite again. */
export type RowVisitor = (id: Uint8Array, embedding: Uint8Array, rowid: () => number) => void

/** Rows that are no members of a search, by reason. */
export interface Leftovers {
  /** NULL or empty: a document that was not embedded. */
  unembedded: number
  /** The length in bytes is no multiple of 4, or the value is no BLOB. */
  malformed: number
  /** An id that is no text. */
  unnamed: number
}

/**
 * Visits the rows of a dataset whose embedding could be a vector, in the order in which they lie in the file: a row
 * costs less than a microsecond then, and several when they are fetched in the order of their ids.
 */
export function visitRows(shadow: ShadowTable, dataset: string, visit: RowVisitor): Leftovers {
  const statement = rowsInFileOrder(shadow, dataset)
  const leftovers: Leftovers = { unembedded: 0, malformed: 0, unnamed: 0 }
  const rowid = (): number => statement.number(2)
  statement.start(dataset)
  try {
    while (statement.step()) {
      const length = embeddingLength(statement, 1)
      if (length === 0) leftovers.unembedded++
      else if (length < 0 || length % 4 !== 0) leftovers.malformed++
      else if (!statement.isText(0)) leftovers.unnamed++
      else visit(statement.bytes(0), statement.bytes(1, length), rowid)
    }
  } finally {
    statement.end()
  }
  return leftovers
}

/** Bytes of an embedding column; 0 for NULL and empty, -1 for a number. TEXT counts as its bytes, as in the original. */
export function embeddingLength(statement: Statement, column: number): number {
  if (statement.isBlob(column) || statement.isText(column)) return statement.byteLength(column)
  return statement.isNull(column) ? 0 : -1
}

function rowsInFileOrder(shadow: ShadowTable, dataset: string): Statement {
  const { rowid } = shadow.refresh()
  const columns = `id, embedding, ${rowid ?? 'NULL'}`
  if (rowid === undefined) {
    return shadow.statement(`SELECT ${columns} FROM {table} WHERE ${OF_DATASET} ${shadow.visible}`)
  }
  if (isLargePart(shadow, dataset, rowid)) {
    // Unary plus keeps the index on (dataset_id, id) out of it: the whole table is read once, front to back.
    return shadow.statement(
      `SELECT ${columns} FROM {table} WHERE +dataset_id = ?1 COLLATE BINARY ${shadow.visible}`,
    )
  }
  return shadow.statement(
    `SELECT ${columns} FROM {table} WHERE ${rowid} IN (SELECT ${rowid} FROM {table} WHERE ${OF_DATASET}) ${shadow.visible}`,
  )
}

/** Whether reading past the other datasets' rows costs less than looking this one's up. */
function isLargePart(shadow: ShadowTable, dataset: string, rowid: string): boolean {
  const highest = shadow.statement(`SELECT max(${rowid}) FROM {table}`)
  highest.start()
  highest.step()
  const total = highest.number(0)
  highest.end()
  const limit = Math.ceil(total / 4)
  const probe = shadow.statement(
    `SELECT count(*) FROM (SELECT 1 FROM {table} WHERE ${OF_DATASET} LIMIT ?2)`,
  )
  probe.start(dataset, limit)
  probe.step()
  const found = probe.number(0)
  probe.end()
  return found >= limit
}

/** The present row of a key: 0 rowid, 1 embedding, 2 id. Bind dataset and id. */
export function rowByKey(shadow: ShadowTable): Statement {
  const { rowid } = shadow.refresh()
  return shadow.statement(
    `SELECT ${rowid ?? 'NULL'}, embedding FROM {table}
     WHERE dataset_id = ?1 AND id = ?2 AND dataset_id = ?1 COLLATE BINARY AND id = ?2 COLLATE BINARY ${shadow.visible}`,
  )
}
