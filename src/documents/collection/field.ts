import { argumentError } from '../../core/argument-error.ts'
import { VecError } from '../../core/errors.ts'
import { jsonPath } from '../../core/filter/json-path.ts'
import { doubleQuoted } from '../../core/quote.ts'
import { nearest } from '../../core/suggest.ts'
import { COLUMN } from '../../search/schema/columns.ts'
import { quoteText } from '../../search/schema/names.ts'
import {
  columnDefinition,
  SHADOW,
  sqlName,
  type StoredColumn,
} from '../../search/schema/table-schema.ts'
import type { CollectionTable } from './collection-table.ts'

/** A field by which documents are ordered, grouped and counted. */
export interface Field {
  readonly path: string
  /** SQL for the value in a row. For metadata, NULL if the field is absent or the metadata is not JSON. */
  readonly value: string
  /** SQL for the value as JSON text, which distinguishes true from 1. */
  readonly json: string
  /** JSON for json_each(..., `valuesAt`), which returns the values: one, or the elements of an array. */
  readonly values: string
  readonly valuesAt: string
}

/** `id`, `meta.name` (a dot leads into objects), or a column that the table declares. */
export function readField(
  where: string,
  name: string,
  given: unknown,
  { options, shadow }: CollectionTable,
): Field {
  const expected = "'id', 'meta.name', or a column that the table declares"
  if (typeof given !== 'string') throw argumentError(where, name, given, expected)
  if (given === 'id') return columnField(given, SHADOW.id.stored, false)
  if (given.startsWith('meta.') && !given.slice(5).split('.').includes('')) {
    if (!shadow.refresh().columns.has(SHADOW.meta.stored))
      throw withoutColumn(where, shadow.name, SHADOW.meta)
    return metaField(given)
  }
  const column = options.metadata.find(({ stored }) => stored === given)
  if (column) return columnField(given, sqlName(column), column.json ?? false)
  const columns = ['id', ...options.metadata.map(({ stored }) => stored)]
  const meant = nearest(given, columns) ?? `meta.${given}`
  throw new VecError(
    'VEC_OPTION',
    `${where}: unknown ${name} '${given}': did you mean '${meant}'? Expected ${expected}`,
    { hint: `columns are ${columns.join(', ')}; a field of the metadata begins with meta.` },
  )
}

export function withoutColumn(where: string, shadow: string, column: StoredColumn): VecError {
  const { stored } = column
  return new VecError('VEC_SHADOW', `${where} reads the column ${stored}, and ${shadow} lacks it`, {
    hint: `ALTER TABLE ${doubleQuoted(shadow)} ADD COLUMN ${columnDefinition(column)}`,
  })
}

/** `json`: the column holds JSON. */
function columnField(path: string, column: string, json: boolean): Field {
  const value = `${column} COLLATE BINARY`
  if (json) {
    const valid = `CASE WHEN json_valid(${column}) THEN ${column} END`
    const values = `CASE WHEN json_valid(${column}) AND json_type(${column}) <> 'object' THEN ${column} END`
    return { path, value, json: valid, values, valuesAt: quoteText('$') }
  }
  // JSON cannot hold a BLOB.
  const ofJson = (sql: string): string => `CASE WHEN typeof(${column}) <> 'blob' THEN ${sql} END`
  return {
    path,
    value,
    json: ofJson(`json_quote(${column})`),
    values: ofJson(`json_array(${column})`),
    valuesAt: quoteText('$'),
  }
}

function metaField(path: string): Field {
  const at = quoteText(jsonPath(path.slice('meta.'.length)))
  return {
    path,
    value: ofValid(`json_extract(${COLUMN.meta}, ${at})`),
    json: ofValid(`${COLUMN.meta} -> ${at}`),
    // The members of an object are not values of the field.
    values: ofValid(
      `CASE WHEN json_type(${COLUMN.meta}, ${at}) <> 'object' THEN ${COLUMN.meta} END`,
    ),
    valuesAt: at,
  }
}

/** Reads only valid JSON. */
function ofValid(sql: string): string {
  return `CASE WHEN json_valid(${COLUMN.meta}) THEN ${sql} END`
}
