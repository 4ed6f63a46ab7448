import { VecError } from '../../core/errors.ts'
import { VERSION } from '../../core/version.ts'
import type { Connection } from '../../sqlite/connection.ts'
import {
  registerSubtypeFunction,
  Subtyped,
  type SubtypeFunction,
  type SubtypeOptions,
} from '../../sqlite/functions.ts'
import type { Statement } from '../../sqlite/statement.ts'
import { cosineDistance, hammingDistance, l1Distance, l2Distance } from './float32-distance.ts'
import {
  bytesOf,
  EMBEDDING_SUBTYPE,
  floatsOf,
  halvesOf,
  JSON_SUBTYPE,
  readBits,
  readInt8s,
  readSqlVector,
  SUBTYPE,
  type SqlVector,
} from './sql-vector.ts'
import {
  add,
  normalize,
  quantizeBinary,
  quantizeInt8,
  slice,
  subtract,
} from './vector-arithmetic.ts'
import { unreadable } from './vector-error.ts'
import { vectorToExactJson, vectorToJson, type Printf } from './vector-json.ts'

/** The release of sqlite-vec whose results these functions return, and with which the tests compare them. */
const SQLITE_VEC = 'v0.1.9'

/** These functions only compute from their arguments, so a file may use them in views, triggers, CHECKs and indexes. */
const PURE: SubtypeOptions = { deterministic: true, innocuous: true, safeIntegers: true }
const READS: SubtypeOptions = { ...PURE, readsSubtypes: true }
const MEASURES: SubtypeOptions = { ...READS, real: true }
const MAKES: SubtypeOptions = { ...READS, givesSubtypes: true }

/** The scalar functions of sqlite-vec, with the same results to the bit and the same messages; and `vec_json`. */
export function registerSqliteVecFunctions(db: Connection): void {
  const define = (
    name: string,
    arity: number,
    options: SubtypeOptions,
    fn: SubtypeFunction,
  ): void => registerSubtypeFunction(db, name, { ...options, arity }, fn)

  define('vec_f32', 1, MAKES, v => made(floatsOf(v)))
  // Our own function: sqlite-vec does not have float16.
  define('vec_f16', 1, MAKES, v => new Subtyped(halvesOf(v), SUBTYPE.float16))
  define('vec_int8', 1, MAKES, v => made(readInt8s(v.value)))
  define('vec_bit', 1, MAKES, v => made(readBits(v.value)))
  define('vec_length', 1, READS, v => readSqlVector(v).length)
  // Without readsSubtypes, as sqlite-vec declares it: a subtype from a subquery is lost.
  define('vec_type', 1, PURE, v =>
    v.subtype === SUBTYPE.float16 ? 'float16' : readSqlVector(v).type,
  )
  const printf = printfOf(db)
  define('vec_to_json', 1, MAKES, v => new Subtyped(jsonOf(v, printf), JSON_SUBTYPE))
  // Our own function: loses no digit, and every result is JSON.
  define('vec_json', 1, MAKES, v =>
    v.value === null ? null : new Subtyped(vectorToExactJson(readSqlVector(v)), JSON_SUBTYPE),
  )
  define('vec_normalize', 1, MAKES, v => made(normalize(readSqlVector(v))))
  define('vec_add', 2, MAKES, (a, b) => made(add(...alike(a, b))))
  define('vec_sub', 2, MAKES, (a, b) => made(subtract(...alike(a, b))))
  define('vec_slice', 3, MAKES, (v, start, end) =>
    made(slice(readSqlVector(v), start.value, end.value)),
  )
  define('vec_quantize_binary', 1, MAKES, v => made(quantizeBinary(readSqlVector(v))))
  define('vec_quantize_int8', 2, MAKES, (v, range) => made(quantizeInt8(floatsOf(v), range.value)))
  define('vec_distance_l2', 2, MEASURES, (a, b) => l2Distance(...numbersOf('L2', a, b)))
  define('vec_distance_cosine', 2, MEASURES, (a, b) => cosineDistance(...numbersOf('cosine', a, b)))
  define('vec_distance_l1', 2, MEASURES, (a, b) => {
    const [x, y] = numbersOf('L1', a, b)
    const distance = l1Distance(x, y)
    // Between int8 vectors, the distance is an INTEGER.
    return x instanceof Int8Array ? BigInt(distance) : distance
  })
  define('vec_distance_hamming', 2, MEASURES, (a, b) => {
    const [x, y] = alike(a, b)
    if (x.type === 'bit' && y.type === 'bit') return hammingDistance(x.bytes, y.bytes)
    throw unreadable(
      `Cannot calculate hamming distance between two ${x.type} vectors.`,
      'vec_bit() and vec_quantize_binary() make bit vectors',
    )
  })
  define('vec_version', 0, PURE, () => `v${VERSION}`)
  define(
    'vec_debug',
    0,
    PURE,
    () =>
      `Version: v${VERSION}\nPackage: sqlite-vec-ts\nFunctions: sqlite-vec ${SQLITE_VEC}\nBuild flags: `,
  )
}

/** Prepared when it is first needed, which is rare. */
function printfOf(db: Connection): Printf {
  let statement: Statement | undefined
  return value => {
    statement ??= db.prepare("SELECT printf('%f', ?)").pluck()
    return statement.get(value) as string
  }
}

/** sqlite-vec does not have our embedding column. A value from it is written so that it reads back unchanged. */
function jsonOf(given: Subtyped, printf: Printf): string {
  const vector = readSqlVector(given)
  return given.subtype === EMBEDDING_SUBTYPE
    ? vectorToExactJson(vector)
    : vectorToJson(vector, printf)
}

function made(vector: SqlVector): Subtyped {
  return new Subtyped(bytesOf(vector), SUBTYPE[vector.type])
}

/** Two vectors of one type and dimension. */
function alike(first: Subtyped, second: Subtyped): [SqlVector, SqlVector] {
  const a = readNth('1st', first)
  const b = readNth('2nd', second)
  if (a.type !== b.type) {
    throw unreadable(
      `Vector type mistmatch. First vector has type ${a.type}, while the second has type ${b.type}.`,
      'convert one of them with vec_f32(), vec_quantize_int8() or vec_quantize_binary()',
    )
  }
  if (a.length === b.length) return [a, b]
  throw new VecError(
    'VEC_DIMENSION',
    `Vector dimension mistmatch. First vector has ${a.length} dimensions, while the second has ${b.length} dimensions.`,
    { hint: 'compare embeddings of the same model' },
  )
}

function readNth(which: string, argument: Subtyped): SqlVector {
  try {
    return readSqlVector(argument)
  } catch (error) {
    if (!(error instanceof VecError)) throw error
    throw new VecError(error.code, `Error reading ${which} vector: ${error.message}`, {
      ...(error.hint !== undefined && { hint: error.hint }),
    })
  }
}

/** The numbers of two vectors that have numbers, not bits. */
function numbersOf(
  what: string,
  first: Subtyped,
  second: Subtyped,
): [Float32Array | Int8Array, Float32Array | Int8Array] {
  const [a, b] = alike(first, second)
  if (a.type !== 'bit' && b.type !== 'bit') return [a.numbers, b.numbers]
  throw unreadable(
    `Cannot calculate ${what} distance between two bitvectors.`,
    'vec_distance_hamming() compares bit vectors',
  )
}
