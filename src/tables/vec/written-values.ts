import { describeValue } from '../../core/describe-value.ts'
import { F32, type EmbeddingType } from '../../core/embedding-type.ts'
import {
  decodeEmbedding,
  encodeEmbedding,
  isFiniteVector,
  notFinite,
} from '../../core/embedding.ts'
import { VecError } from '../../core/errors.ts'
import { parseVectorText } from '../../core/parse-vector.ts'
import { Utf8 } from '../../core/utf8.ts'
import { SQLITE_CONSTRAINT_NOTNULL } from '../../sqlite/result-codes.ts'
import type { WrittenValue } from '../../sqlite/vtab/virtual-table.ts'
import { givenVector } from '../functions/given-vector.ts'
import { digitsOf } from '../number-text.ts'

/** An error that the statement's ON CONFLICT clause handles. */
export function constraintError(message: string, extendedCode: number, hint: string): VecError {
  return new VecError('SQLITE_CONSTRAINT', message, { extendedCode, hint })
}

export function writtenDataset(value: WrittenValue): string {
  if (value === null) {
    throw constraintError(
      'vec: dataset_id cannot be NULL: every document belongs to a dataset',
      SQLITE_CONSTRAINT_NOTNULL,
      'name the dataset',
    )
  }
  const dataset = typeof value === 'number' || typeof value === 'bigint' ? digitsOf(value) : value
  if (typeof dataset !== 'string') {
    throw new VecError(
      'VEC_QUERY',
      `vec: dataset_id must be text or an integer, got ${given(value)}`,
      { hint: 'dataset_id is text: CAST(... AS TEXT)' },
    )
  }
  if (dataset.trim() === '') {
    throw new VecError('VEC_QUERY', 'vec: dataset_id cannot be empty: queries could not name it', {
      hint: 'name the dataset',
    })
  }
  return dataset
}

/** Whole numbers become their digits, as for dataset_id. */
export function writtenId(value: WrittenValue, column: string): string | Utf8 {
  if (value === null) {
    throw constraintError(
      `vec: ${column} cannot be NULL: it names the document`,
      SQLITE_CONSTRAINT_NOTNULL,
      'name the document',
    )
  }
  if (typeof value === 'string' || value instanceof Utf8) return value
  const digits =
    typeof value === 'number' || typeof value === 'bigint' ? digitsOf(value) : undefined
  if (digits !== undefined) return digits
  throw new VecError(
    'VEC_QUERY',
    `vec: ${column} must be text or an integer, got ${given(value)}`,
    { hint: `${column} is text: CAST(... AS TEXT)` },
  )
}

/**
 * The BLOB to be stored, from a BLOB or from text in any form that MATCH takes. NULL: no embedding. `subtype` is that of
 * the value: vec_f16() and vec_int8() mark what they return.
 */
export function writtenEmbedding(
  value: WrittenValue,
  subtype: number,
  type: EmbeddingType,
  dataset: string,
  id: string | Utf8,
): Uint8Array | null {
  if (value === null) return null
  try {
    return encoded(value, subtype, type)
  } catch (error) {
    if (!(error instanceof VecError)) throw error
    const { code, message, hint } = error
    const document = typeof id === 'string' ? id : new TextDecoder().decode(id.bytes)
    throw new VecError(code, `${message} (document '${document}' of dataset '${dataset}')`, {
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    })
  }
}

function encoded(
  value: Exclude<WrittenValue, null>,
  subtype: number,
  type: EmbeddingType,
): Uint8Array {
  const bytes = value instanceof Uint8Array ? value : undefined
  if (!bytes && typeof value !== 'string') {
    throw new VecError(
      'VEC_EMBEDDING',
      `vec: expected embedding as BLOB or string, got ${given(value)}`,
      { hint: "pass a BLOB of float32, or text such as '[0.1, 0.2]'" },
    )
  }
  const other = bytes && givenVector(bytes, subtype)
  const vector =
    other ?? (bytes ? decodeEmbedding(bytes) : parseVectorText(value as string, 'embedding'))
  if (vector.length === 0) {
    throw new VecError('VEC_EMBEDDING', 'vec: an embedding needs at least one number', {
      hint: 'write NULL for a document that is not embedded',
    })
  }
  if (!isFiniteVector(vector)) {
    const at = vector.findIndex(number => !Number.isFinite(number))
    throw notFinite(vector[at], at)
  }
  if (type !== F32) return type.encode(vector, 'vec')
  return other || !bytes ? encodeEmbedding(vector) : bytes
}

function given(value: WrittenValue): string {
  if (value instanceof Utf8) return 'text that is not UTF-8'
  return value instanceof Uint8Array ? `a BLOB of ${value.length} bytes` : describeValue(value)
}
