import { VecError } from '../../core/errors.ts'
import { doubleQuoted } from '../../core/quote.ts'
import { COLUMN } from '../../search/schema/columns.ts'
import type { Connection } from '../../sqlite/connection.ts'
import { connectedTable, type VecTable } from './vec-table.ts'

/** SQLite's message for every other kind of table. */
const NO_DATASET = 'no such column: "dataset_id"'

/**
 * The vec table of that name. Throws VEC_QUERY when it does not exist, or the error that keeps SQLite from connecting
 * it.
 */
export function requireVecTable(db: Connection, table: string, schema: string): VecTable {
  const found = findVecTable(db, table, schema)
  if (found) return found
  throw new VecError('VEC_QUERY', `vec: ${schema}.${table} is not a vec table`, {
    hint: 'CREATE VIRTUAL TABLE ... USING vec(doc_id) makes one',
  })
}

/** Undefined for an ordinary table, and for a table of another module. */
export function findVecTable(db: Connection, table: string, schema: string): VecTable | undefined {
  // Any statement that names a table makes SQLite connect it.
  const query = `SELECT 1 FROM ${doubleQuoted(schema)}.${doubleQuoted(table)} WHERE "${COLUMN.dataset}" = ''`
  try {
    db.prepare(query).finalize()
  } catch (error) {
    if (error instanceof VecError && error.message.startsWith(NO_DATASET)) return undefined
    throw error
  }
  return connectedTable(db, schema, table)
}
