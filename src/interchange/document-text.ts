import { decodeEmbedding, embeddingToJson } from '../core/embedding.ts'
import { isTooDeep } from '../core/json-depth.ts'
import type { SqlValue } from '../database/values.ts'
import type { DeclaredColumn } from '../tables/describe-table.ts'
import { columnJson, columnText } from './declared-column.ts'

/** A document as its table stores it. */
export interface StoredDocument {
  readonly dataset: SqlValue
  readonly id: SqlValue
  readonly content: SqlValue
  readonly meta: SqlValue
  readonly embedding: SqlValue
  readonly model: SqlValue
  readonly archived: boolean
  /** The values of the stored declared columns, in their order. */
  readonly columns: readonly SqlValue[]
}

export const VECTOR_TEXTS = ['json', 'base64', 'none'] as const
/** How vectors are written in a text format. */
export type VectorText = (typeof VECTOR_TEXTS)[number]

/** One line of JSONL. `svec import` reads it back as the same document. */
export function jsonLine(
  document: StoredDocument,
  vectors: VectorText,
  columns: readonly DeclaredColumn[],
): string {
  const { dataset, id, content, meta, model, archived } = document
  const record = {
    dataset_id: dataset,
    id,
    content: content ?? undefined,
    meta: metaValue(meta),
    embedding_model: model ?? undefined,
    archived: archived || undefined,
  }
  const fields = columns.flatMap((column, i) => {
    const value = document.columns[i]
    return value === null ? [] : [`,${JSON.stringify(column.name)}:${columnJson(value, column)}`]
  })
  const text = `${JSON.stringify(record).slice(0, -1)}${fields.join('')}}`
  const vector = vectorText(document.embedding, vectors)
  if (vector === undefined) return text
  // Numbers are written as the shortest decimals of the float32; JSON.stringify would write those of the double.
  const value = vector.startsWith('[') ? vector : JSON.stringify(vector)
  return `${text.slice(0, -1)},"embedding":${value}}`
}

const CSV_PARTS = 'dataset_id,id,content,meta,embedding,embedding_model,archived'

/** The header line of CSV. */
export function csvHead(columns: readonly DeclaredColumn[]): string {
  return [CSV_PARTS, ...columns.map(({ name }) => csvField(name))].join(',')
}

export function csvLine(
  document: StoredDocument,
  vectors: VectorText,
  columns: readonly DeclaredColumn[],
): string {
  const { dataset, id, content, meta, embedding, model, archived } = document
  return [
    dataset,
    id,
    content,
    meta,
    vectorText(embedding, vectors) ?? null,
    model,
    archived ? '1' : null,
    ...columns.map((column, i) => columnText(document.columns[i], column)),
  ]
    .map(csvField)
    .join(',')
}

function csvField(value: SqlValue): string {
  if (value === null) return ''
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('base64') : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** The metadata as an object, if that loses nothing: it must come back byte for byte. */
function metaValue(meta: SqlValue): unknown {
  if (meta === null) return undefined
  // Text that is nested too deeply is refused by some runtimes, as JSON or as an object.
  if (typeof meta !== 'string' || isTooDeep(meta)) return meta
  try {
    const value: unknown = JSON.parse(meta)
    const plain = typeof value === 'object' && value !== null && JSON.stringify(value) === meta
    return plain ? value : meta
  } catch {
    return meta
  }
}

function vectorText(embedding: SqlValue, as: VectorText): string | undefined {
  if (as === 'none' || !(embedding instanceof Uint8Array) || embedding.length === 0) {
    return undefined
  }
  // Bytes that are not a vector are written as they are.
  const numbers = embedding.length % 4 === 0 ? decodeEmbedding(embedding) : undefined
  if (as === 'json' && numbers?.every(Number.isFinite)) return embeddingToJson(numbers)
  return Buffer.from(embedding).toString('base64')
}
