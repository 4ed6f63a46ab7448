import { VecError } from '../../core/errors.ts'
import { bytesOfVector } from '../../core/read-vector.ts'
import type { SqlValue } from '../../database/values.ts'
import { Subtyped } from '../../sqlite/functions.ts'
import { readSqlVector, SUBTYPE } from './sql-vector.ts'

/**
 * The float32 numbers of a BLOB that a vector function has marked as float16 or int8; undefined for a BLOB of float32.
 * Throws VEC_EMBEDDING for bits, which are not numbers.
 */
export function givenVector(
  bytes: Uint8Array,
  subtype: number,
): Float32Array<ArrayBuffer> | undefined {
  switch (subtype) {
    case SUBTYPE.float16:
    case SUBTYPE.int8: {
      const vector = readSqlVector(new Subtyped(bytes, subtype))
      return vector.type === 'bit' ? undefined : new Float32Array(vector.numbers)
    }
    case SUBTYPE.bit:
      throw new VecError('VEC_EMBEDDING', 'vec: the embedding is a bit vector: expected numbers', {
        hint: 'pass the vector itself, not the result of vec_bit() or vec_quantize_binary()',
      })
    default:
      return undefined
  }
}

/** An argument as it is, but a BLOB that a vector function has marked as the bytes of float32. Errors as above. */
export function givenValue({ value, subtype }: Subtyped): SqlValue {
  const marked = value instanceof Uint8Array ? givenVector(value, subtype) : undefined
  return marked ? bytesOfVector(marked) : value
}
