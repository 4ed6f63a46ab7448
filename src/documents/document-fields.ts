import { argumentError, requireObject } from '../core/argument-error.ts'
import { describeValue } from '../core/describe-value.ts'
import {
  bytesOfVector,
  readVectorOrBytes,
  type EmbeddingBytes,
  type VectorInput,
} from '../core/read-vector.ts'
import type { BindValue } from '../database/values.ts'
import { COLUMN } from '../search/schema/columns.ts'
import { requireList, textOrNull, VECUTIL } from './arguments.ts'

/**
 * A document with its vector. An absent field keeps its stored value, `null` erases it:
 *
 *     { id: 'a', meta: '{"seen":true}' } // the vector and the content stay
 *     { id: 'a', embedding: null } // the vector is erased: no search finds the document
 */
export interface ShadowDocument {
  readonly id: string
  readonly content?: string | null | undefined
  /** JSON or any other text. */
  readonly meta?: string | null | undefined
  /** The vector, or its bytes as a BLOB stores them. */
  readonly embedding?: VectorInput | EmbeddingBytes | null | undefined
  /** The name of the model that made the embedding. */
  readonly model?: string | null | undefined
}

/**
 * A document whose content is embedded. An absent field keeps its stored value, so a change of meta alone embeds
 * nothing. `null` as content erases the content and its vector. A new document needs content.
 */
export interface TextDocument {
  readonly id: string
  readonly content?: string | null | undefined
  /** JSON or any other text. */
  readonly meta?: string | null | undefined
}

/** Columns of a shadow table that a document fills. The position of a field is its bit in `fieldsOf`. */
export type Field = (typeof COLUMN)['content' | 'meta' | 'embedding' | 'model']
export const FIELDS: readonly Field[] = [
  COLUMN.content,
  COLUMN.meta,
  COLUMN.embedding,
  COLUMN.model,
]

/** The written fields of one document. An absent field stays as it is. */
export interface DocumentWrite {
  readonly id: string
  readonly fields: { readonly [field in Field]?: string | Uint8Array | null }
  /** Values of other columns of the table, by name. Together they count as one field. */
  readonly columns?: Readonly<Record<string, BindValue>>
}

export function readShadowDocuments(documents: unknown): DocumentWrite[] {
  requireList(documents, 'documents', 'documents')
  return Array.from(documents, (document, i) => readShadowDocument(document, `documents[${i}]`))
}

export function readShadowDocument(document: unknown, name: string): DocumentWrite {
  requireObject(VECUTIL, name, document, 'a document (an object with an id)')
  const { id, content, meta, embedding, model } = document as ShadowDocument
  requireId(id, name)
  const fields: { [field in Field]?: string | Uint8Array | null } = {}
  if (content !== undefined)
    fields.content = textOrNull(VECUTIL, content, `the content of document '${id}'`)
  if (meta !== undefined) fields.meta = textOrNull(VECUTIL, meta, `the meta of document '${id}'`)
  if (embedding !== undefined) {
    fields.embedding =
      embedding === null
        ? null
        : bytesOfVector(readVectorOrBytes(embedding, VECUTIL, `the embedding of document '${id}'`))
  }
  if (model !== undefined)
    fields.embedding_model = textOrNull(VECUTIL, model, `the model of document '${id}'`)
  return { id, fields }
}

/** Of two documents with one id, the last one counts, for each field that it has. */
export function readTextDocuments(documents: unknown): TextDocument[] {
  requireList(documents, 'documents', 'documents')
  const byId = new Map<string, TextDocument>()
  for (const [i, document] of documents.entries()) {
    const read = readTextDocument(document, `documents[${i}]`)
    byId.set(read.id, { ...byId.get(read.id), ...read })
  }
  return [...byId.values()]
}

export function readTextDocument(document: unknown, name: string): TextDocument {
  requireObject(VECUTIL, name, document, 'a document (an object with an id)')
  const { id, content, meta, embedding } = document as ShadowDocument
  requireId(id, name)
  if (embedding !== undefined) {
    throw new TypeError(
      `${VECUTIL}: document '${id}' has an embedding (${describeValue(embedding)}), but the options have embed, which computes one from its content: omit one of the two`,
    )
  }
  return {
    id,
    ...(content === undefined
      ? {}
      : { content: textOrNull(VECUTIL, content, `the content of document '${id}'`) }),
    ...(meta === undefined
      ? {}
      : { meta: textOrNull(VECUTIL, meta, `the meta of document '${id}'`) }),
  }
}

const COLUMNS_BIT = 1 << FIELDS.length

/** The fields of a write that are present, as bits. */
export function fieldsOf({ fields, columns }: DocumentWrite): number {
  let bits = columns === undefined ? 0 : COLUMNS_BIT
  for (let place = 0; place < FIELDS.length; place++) {
    if (FIELDS[place] in fields) bits |= 1 << place
  }
  return bits
}

export const ALL_FIELDS: number = (COLUMNS_BIT << 1) - 1

/** The write without some of its fields; undefined if none is left. */
export function withoutFields(write: DocumentWrite, bits: number): DocumentWrite | undefined {
  if (bits === 0) return write
  const left = FIELDS.filter((field, place) => field in write.fields && (bits & (1 << place)) === 0)
  const columns = (bits & COLUMNS_BIT) === 0 ? write.columns : undefined
  if (left.length === 0 && columns === undefined) return undefined
  return {
    id: write.id,
    ...(columns === undefined ? {} : { columns }),
    fields: Object.fromEntries(left.map(field => [field, write.fields[field]])),
  }
}

export function requireId(
  id: unknown,
  name: string,
  where: string = VECUTIL,
): asserts id is string {
  if (typeof id !== 'string') {
    throw argumentError(where, `the id of ${name}`, id, 'a non-empty string')
  }
  if (id === '') {
    throw new RangeError(`${where}: the id of ${name} is '': expected a non-empty string`)
  }
}
