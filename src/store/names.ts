export { doubleQuoted as quoteName } from '../schema/identifiers.ts'

/** An SQL text literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** The shadow table that holds the documents of a vec table. */
export function shadowTableName(table: string): string {
  return `_vec_${table}`
}

/** How `vector_storage` names a shadow table: the original's form, whatever the schema is called on a connection. */
export function storageName(shadow: string): string {
  return `main.${shadow}`
}
