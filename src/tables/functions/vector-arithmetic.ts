import { VecError } from '../../core/errors.ts'
import type { SqlValue } from '../../database/values.ts'
import { floats, int8s, type SqlVector } from './sql-vector.ts'
import { unreadable } from './vector-error.ts'

/**
 * x86 processors return a NaN with its sign bit set if no operand was NaN; others clear it. sqlite-vec stores the
 * result unchanged.
 */
const MADE_NAN = 0xffc00000
const QUIET = 0x00400000

type TypedVector<T extends SqlVector['type']> = Extract<SqlVector, { type: T }>

/** a + b, element by element, in float32, or in int8 with wrap-around. */
export function add(a: SqlVector, b: SqlVector): SqlVector {
  return elementwise('Cannot add two bitvectors together.', a, b, (x, y) => x + y)
}

/** a - b, element by element, in float32, or in int8 with wrap-around. */
export function subtract(a: SqlVector, b: SqlVector): SqlVector {
  return elementwise('Cannot subtract two bitvectors together.', a, b, (x, y) => x - y)
}

function elementwise(
  refusal: string,
  a: SqlVector,
  b: SqlVector,
  compute: (x: number, y: number) => number,
): SqlVector {
  if (a.type === 'int8' && b.type === 'int8') {
    return int8s(a.numbers.map((x, i) => compute(x, b.numbers[i])))
  }
  if (a.type !== 'float32' || b.type !== 'float32') {
    throw unreadable(refusal, 'float32 and int8 vectors can be added and subtracted')
  }
  const result = a.numbers.map((x, i) => compute(x, b.numbers[i]))
  const first = bitsOf(a.numbers)
  const second = bitsOf(b.numbers)
  writeNans(result, i => nanOf(first[i], second[i]))
  return floats(result)
}

/** The vector scaled to length 1, all in float32. A vector of length zero becomes NaN. */
export function normalize(vector: SqlVector): SqlVector {
  if (vector.type !== 'float32') {
    throw unreadable(
      'only float32 vectors are supported when normalizing',
      'normalize before vec_quantize_int8() or vec_quantize_binary()',
    )
  }
  const { numbers } = vector
  let squares = 0
  for (const x of numbers) squares = Math.fround(squares + Math.fround(x * x))
  const length = Math.fround(Math.sqrt(squares))
  const result = numbers.map(x => x / length)
  const bits = bitsOf(numbers)
  const firstNan = bits[numbers.findIndex(x => Number.isNaN(x))] ?? 0
  writeNans(result, i => nanOf(bits[i], firstNan))
  return floats(result)
}

/** The elements from `from` to before `to`; whole bytes of a bit vector. */
export function slice(vector: SqlVector, from: SqlValue, to: SqlValue): SqlVector {
  const start = int32Of(from)
  const end = int32Of(to)
  const refuse = (message: string): VecError =>
    new VecError('SQLITE_ERROR', message, {
      hint: `vec_slice(vector, start, end) of ${vector.length} dimensions needs 0 <= start < end <= ${vector.length}`,
    })
  if (start < 0) throw refuse("slice 'start' index must be a postive number.")
  if (end < 0) throw refuse("slice 'end' index must be a postive number.")
  if (start > vector.length) {
    throw refuse("slice 'start' index is greater than the number of dimensions")
  }
  if (end > vector.length) {
    throw refuse("slice 'end' index is greater than the number of dimensions")
  }
  if (start > end) throw refuse("slice 'start' index is greater than 'end' index")
  if (start === end) {
    throw refuse(
      "slice 'start' index is equal to the 'end' index, vectors must have non-zero length",
    )
  }
  switch (vector.type) {
    case 'float32':
      return floats(vector.numbers.slice(start, end))
    case 'int8':
      return int8s(vector.numbers.slice(start, end))
    case 'bit': {
      if (start % 8 !== 0) throw refuse('start index must be divisible by 8.')
      if (end % 8 !== 0) throw refuse('end index must be divisible by 8.')
      return { type: 'bit', bytes: vector.bytes.slice(start / 8, end / 8), length: end - start }
    }
  }
}

/** One bit per number: whether it is above 0. */
export function quantizeBinary(vector: SqlVector): SqlVector {
  if (vector.length % 8 !== 0) {
    throw unreadable(
      'Binary quantization requires vectors with a length divisible by 8',
      `the vector has ${vector.length} dimensions: cut it with vec_slice(), or append zeros`,
    )
  }
  if (vector.type === 'bit') {
    throw unreadable(
      'Can only binary quantize float or int8 vectors',
      'the vector already consists of bits',
    )
  }
  const bytes = new Uint8Array(vector.length / 8)
  vector.numbers.forEach((x, i) => {
    if (x > 0) bytes[i >> 3] |= 1 << (i & 7)
  })
  return { type: 'bit', bytes, length: vector.length }
}

/**
 * The numbers from -1 to 1 in 255 steps of a float32 width, truncated to integers. Others, and NaN, become -128 or
 * 127.
 */
export function quantizeInt8(vector: TypedVector<'float32'>, range: SqlValue): SqlVector {
  if (typeof range !== 'string' || range.toLowerCase() !== 'unit') {
    throw new VecError('SQLITE_ERROR', "2nd argument to vec_quantize_int8() must be 'unit'.", {
      hint: "'unit' means that all numbers are from -1 to 1",
    })
  }
  const step = Math.fround(2 / 255)
  return int8s(
    Int8Array.from(vector.numbers, x => {
      const scaled = (x + 1) / step - 128
      return Number.isNaN(scaled) ? 127 : Math.trunc(Math.max(-128, Math.min(127, scaled)))
    }),
  )
}

function bitsOf(numbers: Float32Array): Uint32Array {
  return new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length)
}

function isNan(bits: number): boolean {
  return (bits & 0x7fffffff) > 0x7f800000
}

/** A processor passes on the first NaN of its operands. */
function nanOf(first: number, second: number): number {
  if (isNan(first)) return first | QUIET
  return isNan(second) ? second | QUIET : MADE_NAN
}

/** JavaScript does not define the bits of a NaN. The result gets those that C would store. */
function writeNans(numbers: Float32Array, nan: (i: number) => number): void {
  const bits = bitsOf(numbers)
  for (let i = 0; i < numbers.length; i++) {
    if (Number.isNaN(numbers[i])) bits[i] = nan(i)
  }
}

/** The result of `sqlite3_value_int`: the lower 32 bits of the integer. */
function int32Of(value: SqlValue): number {
  return Number(BigInt.asIntN(32, int64Of(value)))
}

const LARGEST = 2n ** 63n - 1n
const SMALLEST = -(2n ** 63n)

function int64Of(value: SqlValue): bigint {
  switch (typeof value) {
    case 'bigint':
      return value
    case 'number': {
      const whole = BigInt(
        Number.isFinite(value) ? Math.trunc(value) : value > 0 ? LARGEST : SMALLEST,
      )
      return clamped(whole)
    }
    case 'string': {
      const [digits] = /^[ \t\n\v\f\r]*[+-]?\d+/.exec(value) ?? ['0']
      return clamped(BigInt(digits.trim().replace('+', '')))
    }
    default:
      return value === null ? 0n : int64Of(new TextDecoder('latin1').decode(value))
  }
}

function clamped(value: bigint): bigint {
  if (value > LARGEST) return LARGEST
  return value < SMALLEST ? SMALLEST : value
}
