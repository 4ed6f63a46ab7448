import { argumentError, requireObject } from '../../core/argument-error.ts'
import { knownWord } from '../../core/known-word.ts'
import { bytesOfVector, readVector, type VectorInput } from '../../core/read-vector.ts'
import type { StoredColumn } from '../../search/schema/table-schema.ts'
import { textOrNull } from '../arguments.ts'
import { requireId } from '../document-fields.ts'
import type { PlannedDocument } from '../planned-writes.ts'
import { writtenColumns, type ColumnValues } from './column-values.ts'
import { metaText } from './meta-json.ts'

/**
 * A document for `upsert`. An absent field keeps its stored value, `null` erases it. Content without a vector is
 * embedded. A given vector is stored as it is.
 */
export interface CollectionDocument<M = unknown> {
  readonly id: string
  readonly content?: string | null | undefined
  /** A plain object, stored as JSON. */
  readonly meta?: M | null | undefined
  readonly vector?: VectorInput | null | undefined
  /**
   * Values of columns that the table declares and does not read from `meta`. A column that is absent keeps its value,
   * `null` erases it.
   */
  readonly columns?: ColumnValues | undefined
}

/** A change of a document. Members of `meta` replace the stored ones, `null` removes a member, and the others stay. */
export interface DocumentChange<M = unknown> extends Omit<CollectionDocument<M>, 'meta'> {
  readonly meta?: { readonly [K in keyof M]?: M[K] | null } | null | undefined
}

const FIELDS = ['id', 'content', 'meta', 'vector', 'columns']

/**
 * Of two documents with one id, the last one counts, for each field that it has. Two `changes` of one id are refused.
 */
export function readDocuments(
  where: string,
  documents: unknown,
  changes: boolean,
  declared: () => readonly StoredColumn[],
): PlannedDocument[] {
  if (!Array.isArray(documents)) {
    throw argumentError(where, 'documents', documents, 'an array of documents')
  }
  const byId = new Map<string, PlannedDocument>()
  for (const [i, document] of documents.entries()) {
    const read = readDocument(where, `documents[${i}]`, document, declared)
    if (changes && byId.has(read.id)) {
      throw new RangeError(`${where}: document '${read.id}' is changed twice: expected one change`)
    }
    const before = byId.get(read.id)
    const columns = before?.columns && { columns: { ...before.columns, ...read.columns } }
    byId.set(read.id, { ...before, ...read, ...columns })
  }
  return [...byId.values()]
}

function readDocument(
  where: string,
  name: string,
  document: unknown,
  declared: () => readonly StoredColumn[],
): PlannedDocument {
  requireObject(where, name, document, 'a document, an object with an id,')
  for (const field of Object.keys(document))
    knownWord(`field of ${name} of ${where}`, field, FIELDS)
  const { id, content, meta, vector, columns } = document as CollectionDocument
  requireId(id, name, where)
  return {
    id,
    ...(content === undefined
      ? {}
      : { content: textOrNull(where, content, `the content of document '${id}'`) }),
    ...(meta === undefined ? {} : { meta: metaText(meta, where, id) }),
    ...(vector === undefined ? {} : { embedding: vectorBytes(where, id, vector) }),
    ...(columns === undefined ? {} : { columns: writtenColumns(where, id, columns, declared()) }),
  }
}

function vectorBytes(where: string, id: string, vector: unknown): Uint8Array | null {
  if (vector === null) return null
  return bytesOfVector(readVector(vector, where, `the vector of document '${id}'`))
}

/** The ids from a caller, without duplicates. */
export function readIds(where: string, ids: unknown): string[] {
  if (!Array.isArray(ids)) throw argumentError(where, 'ids', ids, 'an array of ids')
  for (const [i, id] of ids.entries()) requireId(id, `ids[${i}]`, where)
  return [...new Set(ids as string[])]
}
