import { describeValue, isThenable, typedArrayName } from './describe-value.ts'
import { VecError } from './errors.ts'
import { isFiniteVector, notFinite } from './finite.ts'

/**
 * A vector from a caller: numbers, which are rounded to float32. A Float16Array works too, if the runtime has it. Other
 * values are refused: a Promise, text, integer arrays, nested arrays, objects with a length.
 */
export type VectorInput = readonly number[] | Float32Array | Float64Array

/** The bytes of an embedding, as its BLOB stores them: little-endian float32. A Buffer is a Uint8Array. */
export type EmbeddingBytes = Uint8Array | ArrayBuffer

const NUMBERS: ReadonlySet<string> = new Set(['Float32Array', 'Float64Array', 'Float16Array'])

const VECTOR = 'an array of numbers, a Float32Array or a Float64Array'
const BYTES = 'a Uint8Array or an ArrayBuffer of little-endian float32'

/**
 * Reads every vector of a caller: returns a float32 copy with at least one number, all of them finite. `where` begins
 * the errors (the called function), `what` names the value in them. Throws TypeError for a value that is not a vector,
 * VEC_EMBEDDING for an empty one and for numbers that float32 cannot store, with their position.
 */
export function readVector(
  value: unknown,
  where: string,
  what = 'the embedding',
): Float32Array<ArrayBuffer> {
  const vector = numbersOf(value, where, what)
  if (!vector) throw notAVector(value, where, what, VECTOR)
  return checked(vector, where, what)
}

/** `readVector` for callers that may also pass bytes, which are taken unchanged and must be those of a vector. */
export function readVectorOrBytes(
  value: unknown,
  where: string,
  what = 'the embedding',
): Float32Array<ArrayBuffer> {
  const bytes = bytesOf(value)
  const vector = bytes ? floatsOf(bytes, `: ${where}: ${what}`) : numbersOf(value, where, what)
  if (!vector) throw notAVector(value, where, what, `${VECTOR}, or ${BYTES}`)
  return checked(vector, where, what)
}

/**
 * A copy of the numbers in the bytes of an embedding, unchanged. There may be none, and they may be NaN or infinite.
 */
export function readBytes(
  value: unknown,
  where: string,
  what = 'the embedding',
): Float32Array<ArrayBuffer> {
  const bytes = bytesOf(value)
  if (!bytes) throw notAVector(value, where, what, BYTES)
  return floatsOf(bytes)
}

/** The same for bytes that belong to the caller alone, and are not used again: they are copied only where they must be. */
export function takeBytes(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, length } = bytes
  return LITTLE_ENDIAN && byteOffset % 4 === 0 && length % 4 === 0
    ? new Float32Array(buffer, byteOffset, length / 4)
    : floatsOf(bytes)
}

function checked(
  vector: Float32Array<ArrayBuffer>,
  where: string,
  what: string,
): Float32Array<ArrayBuffer> {
  if (vector.length === 0) {
    throw new VecError(
      'VEC_EMBEDDING',
      `${where}: ${what} is empty: expected at least one number`,
      {
        hint: 'use null for a document without an embedding',
      },
    )
  }
  if (!isFiniteVector(vector)) {
    const at = vector.findIndex(number => !Number.isFinite(number))
    throw notFinite(vector[at], at, where, what)
  }
  return vector
}

function numbersOf(
  value: unknown,
  where: string,
  what: string,
): Float32Array<ArrayBuffer> | undefined {
  if (Array.isArray(value)) return fromArray(value, where, what)
  const type = typedArrayName(value)
  // An array whose buffer was transferred is empty, and cannot be read.
  if (type !== undefined && (value as Float32Array).length === 0) {
    return NUMBERS.has(type) ? new Float32Array(0) : undefined
  }
  switch (type) {
    case 'Float32Array':
      return new Float32Array(value as Float32Array)
    case 'Float64Array':
    case 'Float16Array': {
      const given = value as Float64Array
      const vector = new Float32Array(given)
      // The error shows the given number; rounding has made it infinite.
      for (let i = 0; i < vector.length; i++) {
        if (!Number.isFinite(vector[i])) throw notFinite(given[i], i, where, what)
      }
      return vector
    }
    default:
      return undefined
  }
}

function fromArray(
  list: readonly unknown[],
  where: string,
  what: string,
): Float32Array<ArrayBuffer> {
  const vector = new Float32Array(list.length)
  for (let i = 0; i < list.length; i++) {
    const number = list[i]
    // A hole reads as undefined, and Float32Array would convert null, text and booleans to numbers.
    if (typeof number !== 'number') throw notANumber(list, i, where, what)
    vector[i] = number
    if (!Number.isFinite(vector[i])) throw notFinite(number, i, where, what)
  }
  return vector
}

function notANumber(list: readonly unknown[], at: number, where: string, what: string): VecError {
  const value = list[at]
  if (Array.isArray(value) || typedArrayName(value)) {
    const given = at === 0 ? 'an array of vectors' : `${describeValue(value)} at place ${at}`
    return new VecError(
      'VEC_EMBEDDING',
      `${where}: ${what} contains ${given}: expected one vector, a flat array of numbers`,
      { hint: 'pass the vectors one by one' },
    )
  }
  return notFinite(at in list ? value : undefined, at, where, what)
}

/** A view of the bytes; undefined for any other value. */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array || typedArrayName(value) === 'Uint8Array') {
    return value as Uint8Array
  }
  if (!isBuffer(value)) return undefined
  // A transferred buffer is empty, and creating a view of it throws.
  return value.byteLength === 0 ? new Uint8Array(0) : new Uint8Array(value)
}

/** An ArrayBuffer or SharedArrayBuffer of any realm. */
function isBuffer(value: unknown): value is ArrayBuffer {
  const tag = Object.prototype.toString.call(value)
  return tag === '[object ArrayBuffer]' || tag === '[object SharedArrayBuffer]'
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

function floatsOf(bytes: Uint8Array, whose = ''): Float32Array<ArrayBuffer> {
  if (bytes.length % 4 !== 0) {
    // The original's message, which programs match.
    throw new VecError(
      'VEC_EMBEDDING',
      `vector: invalid embedding blob length ${bytes.length} (not multiple of 4)${whose}`,
      { hint: 'an embedding is little-endian float32, 4 bytes per number' },
    )
  }
  // Copied before it is checked: shared memory may change, and a part of a Buffer's pool need not be aligned.
  const vector = new Float32Array(bytes.length / 4)
  if (vector.length === 0) return vector
  if (LITTLE_ENDIAN) new Uint8Array(vector.buffer).set(bytes)
  else {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let i = 0; i < vector.length; i++) vector[i] = view.getFloat32(4 * i, true)
  }
  return vector
}

/** The bytes of a vector as a BLOB stores them. On a little-endian machine it is a view. */
export function bytesOfVector(vector: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (LITTLE_ENDIAN) return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
  const bytes = new Uint8Array(vector.length * 4)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < vector.length; i++) view.setFloat32(4 * i, vector[i], true)
  return bytes
}

function notAVector(value: unknown, where: string, what: string, expected: string): TypeError {
  const remedy = remedyFor(value, expected)
  return new TypeError(
    `${where}: ${what} is ${describeValue(value)}: expected ${expected}${remedy === undefined ? '' : `; ${remedy}`}`,
  )
}

/** Property names under which libraries and servers return the numbers. */
const HOLDERS = ['embedding', 'values', 'data', 'vector'] as const

function remedyFor(value: unknown, expected: string): string | undefined {
  if (isThenable(value)) return 'did you forget `await`?'
  if (typeof value === 'string') return 'parseVectorText() reads a vector from text'
  if (typedArrayName(value) === 'Uint8Array') {
    return 'decodeEmbedding() reads the bytes of an embedding, Array.from() turns bytes into numbers'
  }
  if (expected !== BYTES && typedArrayName(value)) {
    return 'if its integers are the embedding, Array.from() turns them into numbers'
  }
  if (value === null || value === undefined) return 'check what the embedding model returned'
  const held = typeof value === 'object' ? HOLDERS.find(name => name in value) : undefined
  if (held !== undefined) return `did you mean its property \`${held}\`?`
  return expected === BYTES ? 'encodeEmbedding() turns numbers into bytes' : undefined
}
