import { argumentError } from '../../core/argument-error.ts'
import { decodeEmbedding } from '../../core/embedding.ts'
import { VecError } from '../../core/errors.ts'
import { cosine, euclidean, manhattan } from '../../core/similarity.ts'
import type { SqlValue } from '../../database/values.ts'
import { indexCache } from '../../search/memory/index-cache.ts'
import type { Connection } from '../../sqlite/connection.ts'
import { registerSqliteVecFunctions } from './sqlite-vec-functions.ts'

/** The SQL functions of the original, and those of sqlite-vec. */
export function registerVectorFunctions(db: Connection): void {
  if (typeof (db as Connection | undefined)?.function !== 'function') {
    throw argumentError('registerVectorFunctions()', 'db', db, 'a Connection, as open() returns it')
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
  db.function('vec_l1', measure, (a, b) => {
    const [x, y] = pair('L1', embeddingArgument(a), embeddingArgument(b)) ?? []
    return x && y ? manhattan(x, y) : null
  })
  db.function('vec_l2', measure, (a, b) => {
    const [x, y] = pair('L2', embeddingArgument(a), embeddingArgument(b)) ?? []
    return x && y ? euclidean(x, y) : null
  })
  registerSqliteVecFunctions(db)
  // SQLite's own, which does the same but is refused in views when the schema is not trusted: there it stands for a
  // constraint that a vec table takes.
  db.function('match', { innocuous: true, arity: 2 }, () => {
    throw new VecError('SQLITE_ERROR', 'unable to use function MATCH in the requested context', {
      hint: 'MATCH works on columns of a vec table, with a value that is known before the row: a parameter, a literal, or a column of an outer table',
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
  return tables.reduce((sum, table) => sum + indexCache.forget(key, table, which), 0)
}
