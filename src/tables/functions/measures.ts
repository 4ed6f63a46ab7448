import { decodeEmbedding } from '../../core/embedding.ts'
import { VecError } from '../../core/errors.ts'
import { cosine, euclidean, manhattan } from '../../core/similarity.ts'
import type { SqlValue } from '../../database/values.ts'

type Measure = (a: SqlValue, b: SqlValue) => number | null

/** SQL functions that compare two embeddings, in double precision; NULL where one is NULL or empty. */
export const MEASURES: Readonly<Record<'vec_cosine' | 'vec_l1' | 'vec_l2', Measure>> = {
  vec_cosine: (a, b) => {
    const [x, y] = pair('cosine', embeddingArgument(a), embeddingArgument(b)) ?? []
    if (!x || !y) return null
    const similarity = cosine(x, y)
    if (Number.isNaN(similarity) && (isZero(x) || isZero(y))) {
      throw new VecError('VEC_EMBEDDING', 'vec: cosine with zero-magnitude vector')
    }
    return similarity
  },
  vec_l1: (a, b) => {
    const [x, y] = pair('L1', embeddingArgument(a), embeddingArgument(b)) ?? []
    return x && y ? manhattan(x, y) : null
  },
  vec_l2: (a, b) => {
    const [x, y] = pair('L2', embeddingArgument(a), embeddingArgument(b)) ?? []
    return x && y ? euclidean(x, y) : null
  },
}

/** An argument of a measure: undefined for NULL and the empty blob, which are not vectors. */
function embeddingArgument(value: SqlValue): Float32Array | undefined {
  if (value === null) return undefined
  if (!(value instanceof Uint8Array)) {
    throw new VecError(
      'VEC_EMBEDDING',
      `vec: unsupported argument type ${typeName(value)} for embedding; want BLOB`,
      { hint: "vec_f32('[0.1, 0.2]') turns text into a BLOB" },
    )
  }
  if (value.length % 4 !== 0) {
    throw new VecError('VEC_EMBEDDING', `vec: invalid embedding blob length ${value.length}`, {
      hint: 'an embedding is float32, 4 bytes per number',
    })
  }
  return value.length === 0 ? undefined : decodeEmbedding(value)
}

function pair(
  what: string,
  a: Float32Array | undefined,
  b: Float32Array | undefined,
): [Float32Array, Float32Array] | undefined {
  if (!a || !b) return undefined
  if (a.length === b.length) return [a, b]
  throw new VecError('VEC_DIMENSION', `vec: ${what} dim mismatch ${a.length} vs ${b.length}`, {
    hint: 'compare embeddings of the same model',
  })
}

function isZero(vector: Float32Array): boolean {
  return vector.every(x => x === 0)
}

function typeName(value: number | bigint | string): string {
  if (typeof value === 'string') return 'string'
  return typeof value === 'bigint' || Number.isInteger(value) ? 'int64' : 'float64'
}
