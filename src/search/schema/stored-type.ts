import { typeOfColumn, type EmbeddingType } from '../../core/embedding-type.ts'
import { VecError } from '../../core/errors.ts'
import type { Database } from '../../database/database.ts'
import { scalar } from '../../database/query.ts'
import { COLUMN } from './columns.ts'

/** How a table of documents of the main file stores embeddings. Throws VEC_SHADOW for a type of a later version. */
export function storedType(db: Database, table: string): EmbeddingType {
  const sql = `SELECT type FROM pragma_table_xinfo(?, 'main') WHERE lower(name) = '${COLUMN.embedding}'`
  return requireType(`${table}.${COLUMN.embedding}`, (scalar(db, sql, table) ?? '') as string)
}

/** The type of a column that is declared in this way. Errors as for `storedType`. */
export function requireType(column: string, declared: string): EmbeddingType {
  const type = typeOfColumn(declared)
  if (type) return type
  throw new VecError(
    'VEC_SHADOW',
    `vec: ${column} is declared as ${declared}, which this version cannot read: expected BLOB, VEC_F16_BLOB or VEC_I8_BLOB(range)`,
    { hint: 'a later version may have made the table: update the package' },
  )
}
