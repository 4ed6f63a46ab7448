import type { EmbeddingType } from '../../core/embedding-type.ts'
import { decodeEmbedding } from '../../core/embedding.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { RowReader } from '../../database/row-reader.ts'
import { OF_KEY } from '../../search/schema/names.ts'
import { vectorBytes, vectorLength } from '../../search/schema/stored-vector.ts'
import { SHADOW, type StoredColumn } from '../../search/schema/table-schema.ts'
import type { CollectionTable } from './collection-table.ts'
import { readColumn, type ColumnValues } from './column-values.ts'
import type { Included } from './included.ts'
import { readMeta } from './meta-json.ts'

/** A stored document, with the parts that `include` names. */
export interface StoredDocument<M = unknown> {
  readonly id: string
  readonly content?: string | null
  /** Parsed from JSON; text that is not JSON is returned as it is. */
  readonly meta?: M | null
  readonly vector?: Float32Array | null
  /** The values of the declared columns, by name. */
  readonly columns?: ColumnValues
}

const COLUMNS: Readonly<Record<Exclude<Included, 'columns'>, StoredColumn>> = {
  content: SHADOW.content,
  meta: SHADOW.meta,
  vector: SHADOW.embedding,
}

/** The SQL columns of the parts, starting at column `first` of the row. */
export function partColumns(
  { shadow, options }: CollectionTable,
  parts: readonly Included[],
): string {
  const columns = parts.flatMap(part => (part === 'columns' ? options.metadata : [COLUMNS[part]]))
  return columns.map(column => `, ${shadow.optional(column)}`).join('')
}

export function readParts<M>(
  { options, shadow }: CollectionTable,
  row: RowReader,
  first: number,
  parts: readonly Included[],
): Omit<StoredDocument<M>, 'id'> {
  const document: { -readonly [part in Included]?: StoredDocument<M>[part] } = {}
  let column = first
  for (const part of parts) {
    if (part === 'content') document.content = row.isNull(column) ? null : row.text(column)
    else if (part === 'meta') document.meta = readMeta(row.value(column)) as M | null
    else if (part === 'vector') document.vector = vectorIn(shadow.shape.type, row, column)
    else document.columns = columnsAt(row, column, options.metadata)
    column += part === 'columns' ? options.metadata.length : 1
  }
  return document
}

function columnsAt(row: RowReader, first: number, declared: readonly StoredColumn[]): ColumnValues {
  return Object.fromEntries(
    declared.map((column, i) => [column.stored, readColumn(row.value(first + i), column)]),
  )
}

/** The parts of the document with an id; undefined if it does not exist or is archived. */
export function partsByKey<M>(
  table: CollectionTable,
  dataset: string,
  id: Uint8Array,
  parts: readonly Included[],
): Omit<StoredDocument<M>, 'id'> | undefined {
  const { shadow } = table
  return shadow.first(
    `SELECT 1${partColumns(table, parts)} FROM {table} WHERE ${OF_KEY} ${shadow.visible}`,
    [dataset, new Utf8(id)],
    row => readParts<M>(table, row, 1, parts),
  )
}

/** A stored vector; null for NULL, and for bytes that are not a vector. */
export function vectorIn(type: EmbeddingType, row: RowReader, column: number): Float32Array | null {
  const dim = vectorLength(type, row, column)
  return dim > 0 ? decodeEmbedding(vectorBytes(type, row, column, dim)) : null
}

/** A byte order mark is part of an id. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

export function idText(id: Uint8Array): string {
  return decoder.decode(id)
}

export function idBytes(id: string): Uint8Array {
  return encoder.encode(id)
}
