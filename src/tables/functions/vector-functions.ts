import { argumentError } from '../../core/argument-error.ts'
import { decodeEmbedding, embeddingToJson, encodeEmbedding } from '../../core/embedding.ts'
import { VecError } from '../../core/errors.ts'
import { parseVectorText } from '../../core/parse-vector.ts'
import { cosine, euclidean, magnitude } from '../../core/similarity.ts'
import { VERSION } from '../../core/version.ts'
import type { SqlValue } from '../../database/values.ts'
import { sliceCache } from '../../search/snapshot/slice-cache.ts'
import type { Connection } from '../../sqlite/connection.ts'

/** The SQL functions of the original, and those that users of sqlite-vec type. */
export function registerVectorFunctions(db: Connection): void {
  if (typeof (db as Connection | undefined)?.function !== 'function') {
    throw argumentError(
      'registerVectorFunctions()',
      'db',
      db,
      'a Connection, which open() resolves to,',
    )
  }
  // They compute from their arguments alone: a file may use them in views, triggers, CHECKs and indexes.
  const pure = { deterministic: true, innocuous: true }
  const measure = { ...pure, real: true }
  db.function('vec_cosine', measure, (a, b) => {
    const [x, y] = pair('cosine', embeddingArgument(a), embeddingArgument(b)) ?? []
    if (!x || !y) return null
    const similarity = cosine(x, y)
    if (Number.isNaN(similarity) && (isZero(x) || isZero(y))) {
      throw new VecError('VEC_EMBEDDING', 'vec: cosine with zero-magnitude vector')
    }
    return similarity
  })
  db.function('vec_l2', measure, (a, b) => {
    const [x, y] = pair('L2', embeddingArgument(a), embeddingArgument(b)) ?? []
    return x && y ? euclidean(x, y) : null
  })
  db.function('vec_distance_cosine', measure, (a, b) => {
    const [x, y] = pair('cosine', anyVector(a), anyVector(b)) ?? []
    return x && y ? 1 - cosine(x, y) : null
  })
  db.function('vec_distance_l2', measure, (a, b) => {
    const [x, y] = pair('L2', anyVector(a), anyVector(b)) ?? []
    return x && y ? euclidean(x, y) : null
  })
  db.function('vec_f32', pure, a => map(a, encodeEmbedding))
  db.function('vec_to_json', pure, a => map(a, embeddingToJson))
  db.function('vec_length', pure, a => map(a, vector => vector.length))
  db.function('vec_normalize', pure, a => map(a, normalized))
  db.function('vec_version', pure, () => `v${VERSION}`)
  // SQLite's own, which does the same but is refused in views when the schema is not trusted: there it stands for a
  // constraint that a vec table takes.
  db.function('match', { innocuous: true, arity: 2 }, () => {
    throw new VecError('SQLITE_ERROR', 'unable to use function MATCH in the requested context', {
      hint: 'MATCH is for columns of a vec table, with a value that is there before the row: a parameter, a literal, a column of an outer table',
    })
  })
  // The original's files call it in triggers, and must go on being written. Whatever a file makes of that, only a
  // statement that names the function itself has an effect; freshness does not need it.
  db.function('vec_invalidate', { innocuous: true }, (shadow, dataset) =>
    NAMES_INVALIDATE.test(db.running?.sql ?? '') ? invalidate(db, shadow, dataset) : 0,
  )
}

const NAMES_INVALIDATE = /\bvec_invalidate["`\]]?\s*\(/i

/** An argument of vec_cosine and vec_l2: NULL and the empty blob are no vector. */
function embeddingArgument(value: SqlValue): Float32Array | undefined {
  if (value === null) return undefined
  if (!(value instanceof Uint8Array)) {
    throw new VecError(
      'VEC_EMBEDDING',
      `vec: unsupported argument type ${typeName(value)} for embedding; want BLOB`,
      { hint: "vec_f32('[0.1, 0.2]') makes a BLOB of text" },
    )
  }
  if (value.length % 4 !== 0) {
    throw new VecError('VEC_EMBEDDING', `vec: invalid embedding blob length ${value.length}`, {
      hint: 'an embedding is float32, 4 bytes a number',
    })
  }
  return value.length === 0 ? undefined : decodeEmbedding(value)
}

/** A vector as BLOB or as text. */
function anyVector(value: SqlValue): Float32Array | undefined {
  return typeof value === 'string' ? parseVectorText(value) : embeddingArgument(value)
}

function pair(
  what: string,
  a: Float32Array | undefined,
  b: Float32Array | undefined,
): [Float32Array, Float32Array] | undefined {
  if (!a || !b) return undefined
  if (a.length === b.length) return [a, b]
  throw new VecError('VEC_DIMENSION', `vec: ${what} dim mismatch ${a.length} vs ${b.length}`, {
    hint: 'compare embeddings of one model',
  })
}

function map(value: SqlValue, f: (vector: Float32Array) => unknown): unknown {
  const vector = anyVector(value)
  return vector ? f(vector) : null
}

/** Length 1; a vector of length 0 stays as it is. */
function normalized(vector: Float32Array): Uint8Array {
  const length = magnitude(vector)
  return encodeEmbedding(length === 0 ? vector : Float32Array.from(vector, x => x / length))
}

function isZero(vector: Float32Array): boolean {
  return vector.every(x => x === 0)
}

function typeName(value: number | bigint | string): string {
  if (typeof value === 'string') return 'string'
  return typeof value === 'bigint' || Number.isInteger(value) ? 'int64' : 'float64'
}

/** Forgets indexes in memory: of a shadow table ('main._vec_t', '_vec_t' or 't') and a dataset ('' for all). */
function invalidate(db: Connection, shadow: SqlValue, dataset: SqlValue): number {
  if (shadow === null || dataset === null) return 0
  const name = String(shadow)
  const dot = name.indexOf('.')
  const bare = dot < 0 ? name : name.slice(dot + 1)
  const schema = dot < 0 ? 'main' : name.slice(0, dot)
  if (!db.schemas().includes(schema)) return 0
  const tables = bare.startsWith('_vec_') ? [bare] : [bare, `_vec_${bare}`]
  const which = String(dataset) === '' ? undefined : String(dataset)
  const key = db.fileKey(schema)
  return tables.reduce((sum, table) => sum + sliceCache.forget(key, table, which), 0)
}
