import { isUtf8 } from 'node:buffer'
import { garbled, kindOf, valueIn } from './answer.ts'
import type { UpstreamRow } from './upstream-session.ts'

/** A row of a shadow table, without its dataset, which the context supplies. */
export interface SyncDocument {
  readonly id: string
  readonly content: string | null
  readonly meta: string | null
  /** Little-endian float32. */
  readonly embedding: Uint8Array | null
  readonly embeddingModel: string | null
  readonly archived: number
}

/** The reason why an entry or a row cannot be applied, as a sentence. */
export class Rejection extends Error {
  override readonly name = 'Rejection'
}

/** Decodes a row from an upstream's driver. */
export function documentFromRow(row: UpstreamRow): SyncDocument {
  return checked({
    id: idFromRow(row),
    content: text(valueIn(row, 'content'), 'content'),
    meta: text(valueIn(row, 'meta'), 'meta'),
    embedding: bytes(valueIn(row, 'embedding')),
    embeddingModel: text(valueIn(row, 'embedding_model'), 'embedding_model'),
    archived: flag(valueIn(row, 'archived')),
  })
}

/** The id of a row or an entry: text, or its bytes if the database does not guarantee UTF-8. */
export function idFromRow(row: UpstreamRow, column = 'id'): string {
  const id = text(valueIn(row, column), 'the id')
  if (id === null) throw garbled(`column ${column} is NULL`)
  return id
}

/** The id for messages; bytes that are not UTF-8 are replaced. */
export function idForMessage(row: UpstreamRow, column = 'id'): string {
  const id = row[column]
  return id instanceof Uint8Array ? Buffer.from(id).toString() : String(id)
}

/** The payload of an insert or update; undefined when it only refers to the row. */
export function documentFromPayload(
  payload: Uint8Array | string,
  datasetId: string,
  documentId: string,
): SyncDocument | undefined {
  let value: unknown
  try {
    value = JSON.parse(typeof payload === 'string' ? payload : utf8(payload))
  } catch (error) {
    throw error instanceof Rejection ? error : new Rejection('the payload is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Rejection('the payload is not a JSON object')
  }
  const fields = value as Record<string, unknown>
  if (fields['ref'] !== undefined && fields['id'] === undefined) return undefined
  if (fields['id'] !== documentId) {
    throw new Rejection(`the payload describes document ${JSON.stringify(fields['id'])}`)
  }
  if (fields['dataset_id'] !== datasetId) {
    throw new Rejection(`the payload describes dataset ${JSON.stringify(fields['dataset_id'])}`)
  }
  return checked({
    id: documentId,
    content: text(fields['content'], 'content'),
    meta: text(fields['meta'], 'meta'),
    embedding: fromHex(fields['embedding']),
    embeddingModel: text(fields['embedding_model'], 'embedding_model'),
    archived: flag(fields['archived']),
  })
}

/** The number of dimensions; undefined for a row without a vector. */
export function dimensionOf(document: SyncDocument): number | undefined {
  const { embedding } = document
  return embedding === null || embedding.length === 0 ? undefined : embedding.length / 4
}

function checked(document: SyncDocument): SyncDocument {
  const length = document.embedding?.length ?? 0
  if (length % 4 !== 0) {
    throw new Rejection(`an embedding has ${length} bytes, expected a multiple of 4`)
  }
  return document
}

function text(value: unknown, column: string): string | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return utf8(value)
  throw new Rejection(`${column} is ${kindOf(value)}, not text`)
}

function bytes(value: unknown): Uint8Array | null {
  if (value === null || value === undefined) return null
  if (value instanceof Uint8Array) return value
  throw new Rejection(`embedding is ${kindOf(value)}, not bytes`)
}

/** Some servers write a parameter of a procedure into JSON as a string. */
function flag(value: unknown): number {
  if (value === null || value === undefined || value === false) return 0
  if (value === true) return 1
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  if (
    typeof number === 'bigint' ? Number.isSafeInteger(Number(number)) : Number.isSafeInteger(number)
  ) {
    return Number(number)
  }
  throw new Rejection(`archived is ${kindOf(value)}, not an integer below 2^53`)
}

function fromHex(value: unknown): Uint8Array | null {
  if (value === null || value === undefined) return null
  if (typeof value !== 'string') throw new Rejection(`embedding is ${typeof value}, not hex digits`)
  const result = Buffer.from(value, 'hex')
  // Buffer stops silently at the first character that is not a hex digit.
  if (result.length * 2 !== value.length)
    throw new Rejection('embedding is not an even number of hex digits')
  return result
}

function utf8(value: Uint8Array): string {
  if (!isUtf8(value)) throw new Rejection('text that is not UTF-8')
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()
}
