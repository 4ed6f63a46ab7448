/** Every kind of value that may stand where a vector is expected. All vectors are [1, 0.5]. */
export interface GivenValue {
  readonly name: string
  readonly value: unknown
  /**
   * `numbers`: a vector; `bytes`: its bytes; `none`: no embedding, where there may be none; `text`: a vector as text;
   * `bad numbers`: VEC_EMBEDDING, with the place; `refused`: TypeError.
   */
  readonly as: 'numbers' | 'bytes' | 'none' | 'text' | 'bad numbers' | 'bad bytes' | 'refused'
  /** How the refusal calls it. */
  readonly told: RegExp
}

const floats = Float32Array.of(1, 0.5)
const bytes = new Uint8Array(floats.buffer)

const pool = new Uint8Array(64)
pool.set(bytes, 13)

const shared = new SharedArrayBuffer(8)
new Float32Array(shared).set(floats)

const holes = [1]
holes.length = 2

const detached = Float32Array.of(1, 0.5)
structuredClone(detached.buffer, { transfer: [detached.buffer] })

class Numbers extends Array<number> {}

interface Float16 {
  new (numbers: readonly number[]): unknown
}
const { Float16Array } = globalThis as { Float16Array?: Float16 }

export const GIVEN: readonly GivenValue[] = [
  { name: 'an array', value: [1, 0.5], as: 'numbers', told: /array of 2 values/ },
  { name: 'a frozen array', value: Object.freeze([1, 0.5]), as: 'numbers', told: /array/ },
  { name: 'an array of a subclass', value: Numbers.from([1, 0.5]), as: 'numbers', told: /array/ },
  { name: 'a Float32Array', value: floats, as: 'numbers', told: /a Float32Array of 2 numbers/ },
  {
    name: 'a part of a Float32Array',
    value: Float32Array.of(9, 1, 0.5, 9).subarray(1, 3),
    as: 'numbers',
    told: /a Float32Array of 2 numbers/,
  },
  { name: 'a Float64Array', value: Float64Array.of(1, 0.5), as: 'numbers', told: /a Float64Array/ },
  {
    name: 'a shared Float32Array',
    value: new Float32Array(shared),
    as: 'numbers',
    told: /Float32/,
  },
  ...(Float16Array === undefined
    ? []
    : [
        {
          name: 'a Float16Array',
          value: new Float16Array([1, 0.5]),
          as: 'numbers',
          told: /a Float16Array/,
        } as const,
      ]),

  { name: 'a Uint8Array', value: bytes, as: 'bytes', told: /a Uint8Array of 8 bytes/ },
  { name: 'a Buffer', value: Buffer.from(bytes), as: 'bytes', told: /a Uint8Array of 8 bytes/ },
  {
    name: 'bytes at an odd place of a pool',
    value: pool.subarray(13, 21),
    as: 'bytes',
    told: /a Uint8Array of 8 bytes/,
  },
  { name: 'an ArrayBuffer', value: bytes.slice().buffer, as: 'bytes', told: /an ArrayBuffer/ },
  { name: 'shared bytes', value: new Uint8Array(shared), as: 'bytes', told: /a Uint8Array/ },
  { name: 'a SharedArrayBuffer', value: shared, as: 'bytes', told: /a SharedArrayBuffer/ },

  { name: 'null', value: null, as: 'none', told: /is null/ },
  { name: 'undefined', value: undefined, as: 'none', told: /is undefined/ },

  { name: 'JSON', value: '[1, 0.5]', as: 'text', told: /the string "\[1, 0\.5\]"/ },
  { name: 'numbers with commas', value: '1, 0.5', as: 'text', told: /the string "1, 0\.5"/ },
  {
    name: 'base64',
    value: Buffer.from(bytes).toString('base64'),
    as: 'text',
    told: /the string "AACAPwAAAD8="/,
  },

  { name: 'no numbers', value: [], as: 'bad numbers', told: /is empty/ },
  {
    name: 'an empty Float32Array',
    value: new Float32Array(0),
    as: 'bad numbers',
    told: /is empty/,
  },
  {
    name: 'a Float32Array that was transferred',
    value: detached,
    as: 'bad numbers',
    told: /is empty/,
  },
  {
    name: 'a null in the numbers',
    value: [1, null],
    as: 'bad numbers',
    told: /number 1 of .* is null/,
  },
  {
    name: 'an undefined',
    value: [1, undefined],
    as: 'bad numbers',
    told: /number 1 of .* is undefined/,
  },
  { name: 'a hole', value: holes, as: 'bad numbers', told: /number 1 of .* is undefined/ },
  {
    name: 'a text in the numbers',
    value: [1, '2'],
    as: 'bad numbers',
    told: /number 1 of .* is the string "2"/,
  },
  {
    name: 'a boolean in the numbers',
    value: [true, 1],
    as: 'bad numbers',
    told: /number 0 of .* is true/,
  },
  { name: 'bigints', value: [1n, 2n], as: 'bad numbers', told: /number 0 of .* is the bigint 1n/ },
  {
    name: 'an object in the numbers',
    value: [1, {}],
    as: 'bad numbers',
    told: /number 1 of .* is an object/,
  },
  {
    name: 'a Promise in the numbers',
    value: [1, Promise.resolve(1)],
    as: 'bad numbers',
    told: /number 1 of .* is a Promise/,
  },
  { name: 'a nested array', value: [[1, 0.5]], as: 'bad numbers', told: /an array of vectors/ },
  { name: 'a vector in an array', value: [floats], as: 'bad numbers', told: /an array of vectors/ },
  { name: 'NaN', value: [1, NaN], as: 'bad numbers', told: /number 1 of .* is NaN/ },
  {
    name: 'an infinity',
    value: [-Infinity, 1],
    as: 'bad numbers',
    told: /number 0 of .* is -Infinity/,
  },
  { name: 'an overflow', value: [1, 1e39], as: 'bad numbers', told: /number 1 of .* is 1e\+39/ },
  {
    name: 'NaN in a Float32Array',
    value: Float32Array.of(NaN, 1),
    as: 'bad numbers',
    told: /number 0 of .* is NaN/,
  },
  {
    name: 'an overflow in a Float64Array',
    value: Float64Array.of(1, -1e300),
    as: 'bad numbers',
    told: /number 1 of .* is -1e\+300/,
  },

  {
    name: 'seven bytes',
    value: bytes.slice(0, 7),
    as: 'bad bytes',
    told: /length 7 \(not multiple of 4\)/,
  },
  {
    name: 'bytes of NaN',
    value: new Uint8Array(Float32Array.of(1, NaN).buffer),
    as: 'bad bytes',
    told: /number 1 of .* is NaN/,
  },
  { name: 'no bytes', value: new Uint8Array(0), as: 'bad bytes', told: /is empty/ },

  {
    name: 'a Promise',
    value: Promise.resolve([1, 0.5]),
    as: 'refused',
    told: /is a Promise.*did you forget `await`\?/,
  },
  // oxlint-disable-next-line unicorn/no-thenable -- what a library may hand out in the place of a Promise
  { name: 'a thenable', value: { then() {} }, as: 'refused', told: /is a Promise.*`await`/ },
  { name: 'a text', value: 'hello', as: 'refused', told: /the string "hello"/ },
  { name: 'an empty text', value: '', as: 'refused', told: /the string ""/ },
  { name: 'a number', value: 1, as: 'refused', told: /is 1:/ },
  { name: 'zero', value: 0, as: 'refused', told: /is 0:/ },
  { name: 'NaN itself', value: NaN, as: 'refused', told: /is NaN:/ },
  { name: 'a bigint', value: 1n, as: 'refused', told: /the bigint 1n/ },
  { name: 'a boolean', value: false, as: 'refused', told: /is false:/ },
  { name: 'a symbol', value: Symbol('x'), as: 'refused', told: /a symbol/ },
  { name: 'a function', value: () => [1, 0.5], as: 'refused', told: /a function/ },
  { name: 'a Date', value: new Date(0), as: 'refused', told: /a Date/ },
  { name: 'an empty object', value: {}, as: 'refused', told: /an object/ },
  { name: 'an array-like', value: { length: 2, 0: 1, 1: 0.5 }, as: 'refused', told: /an object/ },
  {
    name: 'an array-like of a wrong length',
    value: { length: 3, 0: 1, 1: 0.5 },
    as: 'refused',
    told: /an object/,
  },
  {
    name: 'an answer of a server',
    value: { embedding: [1, 0.5] },
    as: 'refused',
    told: /an object.*its property `embedding`/,
  },
  {
    name: 'a tensor',
    value: { data: floats, dims: [2] },
    as: 'refused',
    told: /an object.*its property `data`/,
  },
  { name: 'a Set', value: new Set([1, 0.5]), as: 'refused', told: /a Set/ },
  {
    name: 'an iterator',
    value: [1, 0.5].values(),
    as: 'refused',
    told: /an Iterator|an Array Iterator|an object/,
  },
  {
    name: 'an Int8Array',
    value: Int8Array.of(1, 2),
    as: 'refused',
    told: /an Int8Array of 2 numbers/,
  },
  {
    name: 'a Uint8ClampedArray',
    value: Uint8ClampedArray.of(1, 2),
    as: 'refused',
    told: /a Uint8ClampedArray/,
  },
  { name: 'an Int16Array', value: Int16Array.of(1, 2), as: 'refused', told: /an Int16Array/ },
  { name: 'a Uint16Array', value: Uint16Array.of(1, 2), as: 'refused', told: /a Uint16Array/ },
  { name: 'an Int32Array', value: Int32Array.of(1, 2), as: 'refused', told: /an Int32Array/ },
  { name: 'a Uint32Array', value: Uint32Array.of(1, 2), as: 'refused', told: /a Uint32Array/ },
  {
    name: 'a BigInt64Array',
    value: BigInt64Array.of(1n),
    as: 'refused',
    told: /a BigInt64Array of 1 number/,
  },
  {
    name: 'a BigUint64Array',
    value: BigUint64Array.of(1n),
    as: 'refused',
    told: /a BigUint64Array/,
  },
  { name: 'a DataView', value: new DataView(bytes.buffer), as: 'refused', told: /a DataView/ },
]
