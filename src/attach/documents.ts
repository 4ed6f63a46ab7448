import { argumentError, requirePlainObject } from '../core/argument-error.ts'
import {
  bytesOfVector,
  readVectorOrBytes,
  type EmbeddingBytes,
  type VectorInput,
} from '../core/read-vector.ts'
import type { SqlValue } from '../database/values.ts'
import type { KeyColumn } from '../search/schema/document-columns.ts'
import { requireKey, type DocumentId } from './keys.ts'
import { requireMembers } from './known-members.ts'

/**
 * A row with its vector. An absent field keeps its stored value, `null` erases it:
 *
 *     { id: 7, embedding: [0.1, 0.2], columns: { title: 'Red' } }
 *     { id: 7, embedding: null } // no search finds the row
 */
export interface VectorDocument {
  readonly id: DocumentId
  /** The vector, or its bytes as a BLOB stores them. */
  readonly embedding?: VectorInput | EmbeddingBytes | null | undefined
  /** Written to the column of `AttachOptions.content`. */
  readonly content?: string | null | undefined
  /** JSON text, written to the column of `AttachOptions.metadata`. */
  readonly meta?: string | null | undefined
  /** The name of the model that made the embedding, for tables with the columns of a vec table. */
  readonly model?: string | null | undefined
  /** Values of other columns of the table. */
  readonly columns?: Readonly<Record<string, SqlValue>> | undefined
}

/** A document with checked fields. */
export interface CheckedDocument {
  readonly key: string
  readonly embedding: Uint8Array | null | undefined
  readonly content: string | null | undefined
  readonly meta: string | null | undefined
  readonly model: string | null | undefined
  readonly columns: Readonly<Record<string, SqlValue>>
}

const MEMBERS: readonly (keyof VectorDocument)[] = [
  'id',
  'embedding',
  'content',
  'meta',
  'model',
  'columns',
]

export function readDocuments(documents: unknown, kind: KeyColumn['kind']): CheckedDocument[] {
  if (!Array.isArray(documents)) {
    throw argumentError('upsert()', 'documents', documents, 'an array of documents')
  }
  return Array.from(documents, (document, i) => readDocument(document, `documents[${i}]`, kind))
}

function readDocument(value: unknown, name: string, kind: KeyColumn['kind']): CheckedDocument {
  requireMembers('upsert()', name, value, 'a document, an object with an id', MEMBERS)
  const { id, embedding, content, meta, model, columns = {} } = value as VectorDocument
  const key = requireKey('upsert()', `${name}.id`, id, kind)
  requirePlainObject('upsert()', `${name}.columns`, columns, 'an object with values of columns')
  for (const [column, given] of Object.entries(columns)) {
    requireSqlValue(`${name}.columns.${column}`, given)
  }
  return {
    key,
    embedding:
      embedding === undefined || embedding === null
        ? embedding
        : bytesOfVector(readVectorOrBytes(embedding, 'upsert()', `the embedding of ${name}`)),
    content: optionalText(`${name}.content`, content),
    meta: optionalText(`${name}.meta`, meta),
    model: optionalText(`${name}.model`, model),
    columns,
  }
}

function optionalText(name: string, value: unknown): string | null | undefined {
  if (value === undefined || value === null || typeof value === 'string') return value
  throw argumentError('upsert()', name, value, 'a text')
}

function requireSqlValue(name: string, value: unknown): void {
  const plain = value === null || ['string', 'number', 'bigint'].includes(typeof value)
  if (plain || value instanceof Uint8Array) return
  throw argumentError('upsert()', name, value, 'a number, a text, bytes or null')
}
