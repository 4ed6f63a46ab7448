import { argumentError, requirePlainObject } from '../../core/argument-error.ts'
import { knownWord } from '../../core/known-word.ts'
import type { BindValue, SqlValue } from '../../database/values.ts'
import type { StoredColumn } from '../../search/schema/table-schema.ts'
import { jsonText, readMeta } from './meta-json.ts'

/** Values of declared columns, by name. Those of a JSON column are any JSON; others are texts and numbers. */
export type ColumnValues = Readonly<Record<string, unknown>>

/**
 * The values of a document's columns as the table stores them. Throws VEC_OPTION for a column that the table does not
 * declare, or reads from `meta`, TypeError for a value of another type.
 */
export function writtenColumns(
  where: string,
  id: string,
  columns: unknown,
  declared: readonly StoredColumn[],
): Record<string, BindValue> {
  const name = `the columns of document '${id}'`
  requirePlainObject(where, name, columns, 'an object with values of declared columns')
  const written = declared.filter(({ from }) => from === undefined)
  const names = written.map(({ stored }) => stored)
  const values: Record<string, BindValue> = {}
  for (const [given, value] of Object.entries(columns)) {
    if (value === undefined) continue
    const known = knownWord(`column of ${where}`, given, names)
    const column = written.find(({ stored }) => stored === known)!
    values[known] = storedValue(where, `${name}.${known}`, value, column)
  }
  return values
}

function storedValue(
  where: string,
  name: string,
  value: unknown,
  { type, json }: StoredColumn,
): BindValue {
  if (value === null) return null
  if (json === true) return jsonText(value, where, name)
  if (type === 'TEXT') {
    if (typeof value === 'string') return value
    throw argumentError(where, name, value, 'a text or null')
  }
  if (typeof value === 'bigint') return value
  if (type === 'INTEGER') {
    if (Number.isSafeInteger(value)) return BigInt(value as number)
    throw argumentError(where, name, value, 'an integer or null')
  }
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw argumentError(where, name, value, 'a finite number or null')
}

/** A stored value as a document has it. */
export function readColumn(value: SqlValue, { json }: StoredColumn): unknown {
  return json === true ? readMeta(value) : value
}
