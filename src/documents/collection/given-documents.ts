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

/** A checked document. The columns are not: the table knows which there are. */
export interface GivenDocument extends Omit<PlannedDocument, 'columns'> {
  readonly columns?: unknown
}

/** Checks documents, and reads what needs no table: metadata as text, vectors as bytes. */
export function checkDocuments(where: string, documents: unknown): GivenDocument[] {
  if (!Array.isArray(documents)) {
    throw argumentError(where, 'documents', documents, 'an array of documents')
  }
  return documents.map((document, i) => checkDocument(where, `documents[${i}]`, document))
}

/**
 * Of two documents with one id, the last one counts, for each field that it has. Two `changes` of one id are refused.
 */
export function plannedDocuments(
  where: string,
  documents: readonly GivenDocument[],
  changes: boolean,
  declared: () => readonly StoredColumn[],
): PlannedDocument[] {
  const byId = new Map<string, PlannedDocument>()
  for (const { columns: given, ...document } of documents) {
    const { id } = document
    const before = byId.get(id)
    if (changes && before) {
      throw new RangeError(`${where}: document '${id}' is changed twice: expected one change`)
    }
    const columns = given === undefined ? {} : writtenColumns(where, id, given, declared())
    const hasColumns = given !== undefined || before?.columns !== undefined
    byId.set(id, {
      ...before,
      ...document,
      ...(hasColumns ? { columns: { ...before?.columns, ...columns } } : {}),
    })
  }
  return [...byId.values()]
}

function checkDocument(where: string, name: string, document: unknown): GivenDocument {
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
    ...(columns === undefined ? {} : { columns }),
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
