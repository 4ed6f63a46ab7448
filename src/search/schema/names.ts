import { argumentError } from '../../core/argument-error.ts'
import { doubleQuoted } from '../../core/quote.ts'
import { COLUMN } from './columns.ts'

export { doubleQuoted as quoteName }

/** The table that lists the objects of a schema, for SQL. */
export function catalogOf(schema: string): string {
  return schema === 'temp' ? 'temp.sqlite_temp_schema' : `${doubleQuoted(schema)}.sqlite_schema`
}

/** An SQL text literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** SQL: the rows of dataset ?1, through the key's index, whatever the column's collation. */
export const OF_DATASET: string = `${COLUMN.dataset} = ?1 AND ${COLUMN.dataset} = ?1 COLLATE BINARY`

/** SQL: the row of dataset ?1 and id ?2. */
export const OF_KEY: string = `${OF_DATASET} AND ${COLUMN.id} = ?2 AND ${COLUMN.id} = ?2 COLLATE BINARY`

/**
 * The shadow table that holds the documents of a vec table.
 *
 *     shadowTableName('docs') // '_vec_docs'
 */
export function shadowTableName(table: string): string {
  if (typeof table !== 'string')
    throw argumentError('shadowTableName()', 'table', table, 'a string')
  return `_vec_${table}`
}

/** The FTS5 table over the texts of a shadow table. The names of vec tables' own tables have another prefix. */
export function textTableName(shadow: string): string {
  return `vec_text_${shadow}`
}

/**
 * The name of a shadow table in `vector_storage`: the original's form, whatever name the schema has on a connection.
 */
export function storageName(shadow: string): string {
  return `main.${shadow}`
}
