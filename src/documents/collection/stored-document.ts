import { argumentError } from '../../core/argument-error.ts'
import { decodeEmbedding } from '../../core/embedding.ts'
import { knownWord } from '../../core/known-word.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { RowReader } from '../../database/row-reader.ts'
import { OF_KEY } from '../../search/schema/names.ts'
import { embeddingLength } from '../../search/schema/rows.ts'
import { SHADOW, type StoredColumn } from '../../search/schema/table-schema.ts'
import type { CollectionTable } from './collection-table.ts'
import { readMeta } from './meta-json.ts'

/** The parts of a document that are read beside its id. */
export type Included = 'content' | 'meta' | 'vector'

/** A stored document, with the parts that `include` names. */
export interface StoredDocument<M = unknown> {
  readonly id: string
  readonly content?: string | null
  /** Parsed from JSON; text that is not JSON is returned as it is. */
  readonly meta?: M | null
  readonly vector?: Float32Array | null
}

const COLUMNS: Readonly<Record<Included, StoredColumn>> = {
  content: SHADOW.content,
  meta: SHADOW.meta,
  vector: SHADOW.embedding,
}
const PARTS: readonly Included[] = ['content', 'meta', 'vector']

/** The parts to read; content and metadata by default. */
export function readInclude(where: string, include: unknown): readonly Included[] {
  if (include === undefined) return ['content', 'meta']
  if (!Array.isArray(include)) {
    throw argumentError(where, 'include', include, `an array of ${PARTS.join(', ')}`)
  }
  const named = new Set(include.map(part => knownWord(`part in include of ${where}`, part, PARTS)))
  return PARTS.filter(part => named.has(part))
}

/** The SQL columns of the parts, starting at column `first` of the row. */
export function partColumns({ shadow }: CollectionTable, parts: readonly Included[]): string {
  return parts.map(part => `, ${shadow.optional(COLUMNS[part])}`).join('')
}

export function readParts<M>(
  row: RowReader,
  first: number,
  parts: readonly Included[],
): Omit<StoredDocument<M>, 'id'> {
  const document: { content?: string | null; meta?: M | null; vector?: Float32Array | null } = {}
  for (const [i, part] of parts.entries()) {
    const column = first + i
    if (part === 'content') document.content = row.isNull(column) ? null : row.text(column)
    else if (part === 'meta') document.meta = readMeta(row.value(column)) as M | null
    else document.vector = vectorIn(row, column)
  }
  return document
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
    row => readParts<M>(row, 1, parts),
  )
}

/** A stored vector; null for NULL, and for bytes that are not a vector. */
export function vectorIn(row: RowReader, column: number): Float32Array | null {
  const length = embeddingLength(row, column)
  return length > 0 && length % 4 === 0 ? decodeEmbedding(row.bytes(column).slice()) : null
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
