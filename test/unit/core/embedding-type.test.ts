import assert from 'node:assert/strict'
import { test as plain } from 'node:test'
import {
  EMBEDDING_TYPES,
  F16,
  F32,
  int8Type,
  storedBytes,
  typeArguments,
  typeOfColumn,
  type EmbeddingType,
} from '../../../src/core/embedding-type.ts'
import { refused } from '../../refusal.ts'
import { seededTest } from '../../seed.ts'
import { Random } from '../../vec/random.ts'
import { half, halfBits, storedNumbers } from '../../vec/stored-numbers.ts'

const seeded = seededTest('VEC_SEED')

const RANGES = [1, 0.25, 127, 3e-5, 1e38, 1e-38, 0.1, 7.3]

function encoded(type: EmbeddingType, ...numbers: number[]): number[] {
  return [...type.encode(Float32Array.from(numbers), 'test()')]
}

function decoded(type: EmbeddingType, bytes: Uint8Array): Float32Array {
  const numbers = new Float32Array(bytes.length / type.bytes)
  type.decode(bytes, numbers)
  return numbers
}

plain('every finite float16 is decoded by its definition, and encoded as itself', () => {
  const bits = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i).filter(
    i => (i & 0x7c00) !== 0x7c00,
  )
  const bytes = new Uint8Array(bits.buffer)
  const numbers = decoded(F16, bytes)
  for (const [i, number] of numbers.entries()) assert.ok(Object.is(number, half(bits[i])))
  assert.deepEqual(F16.encode(numbers, 'test()'), bytes)
})

seeded('a float32 is stored as the nearest float16, of two the even one', () => {
  const r = new Random(70)
  const hard = [
    0,
    -0,
    2 ** -24,
    2 ** -25,
    1.5 * 2 ** -25,
    2 ** -14,
    65504,
    65519.99,
    -65519.99,
    2049,
    2051,
  ]
  for (let bits = 0; bits < 0x7bff; bits += 61) {
    const middle = (half(bits) + half(bits + 1)) / 2
    hard.push(middle, Math.fround(middle * (1 + 2 ** -22)), Math.fround(middle * (1 - 2 ** -22)))
  }
  for (let n = 0; n < 20_000; n++) hard.push((r.next() - 0.5) * 2 ** (r.below(44) - 27))
  const numbers = Float32Array.from(hard)
  const bits = new Uint16Array(F16.encode(numbers, 'test()').buffer)
  for (const [i, number] of numbers.entries()) {
    assert.equal(bits[i], halfBits(number), `${number} gave ${half(bits[i])}`)
  }
})

plain('every byte is an int8 number, and is encoded as itself, whatever the range', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
  for (const range of RANGES) {
    const type = int8Type(range)
    const numbers = decoded(type, bytes)
    assert.deepEqual(numbers, storedNumbers(type.declared, bytes))
    assert.ok(numbers.every(number => Number.isFinite(number)))
    assert.deepEqual(type.encode(numbers, 'test()'), bytes, String(range))
  }
})

seeded('int8 is off by at most half a step', () => {
  const r = new Random(71)
  for (const range of RANGES.filter(each => each > 1e-30 && each < 1e30)) {
    const type = int8Type(range)
    const numbers = Float32Array.from({ length: 1000 }, () => (2 * r.next() - 1) * range)
    const stored = decoded(type, type.encode(numbers, 'test()'))
    for (const [i, number] of numbers.entries()) {
      assert.ok(Math.abs(stored[i] - number) <= (range / 254) * (1 + 1e-5))
    }
  }
  const whole = int8Type(127)
  assert.deepEqual(encoded(whole, 0.5, 1.5, -0.5, -2.5, 127.4, -128.4), [0, 2, 0, 254, 127, 128])
})

plain('numbers that a type cannot hold are refused, with their place and what to do', () => {
  refused(() => encoded(F16, 1, 65520), 'VEC_EMBEDDING', 'test()', 1, 65520, 65504)
  refused(() => encoded(F16, -1e30), 'VEC_EMBEDDING', 0)
  refused(() => encoded(F16, NaN), 'VEC_EMBEDDING', 'NaN')
  refused(() => encoded(int8Type(1), 0, 0, 1.01), 'VEC_EMBEDDING', 2, 'int8_range=2')
  refused(() => encoded(int8Type(0.5), -0.51), 'VEC_EMBEDDING', '-0.5', 'int8_range=1')
  refused(() => encoded(int8Type(1), NaN), 'VEC_EMBEDDING', 'NaN')
  refused(() => encoded(int8Type(1), Infinity), 'VEC_EMBEDDING', 'Infinity')
})

plain('a vector must not become zero', () => {
  refused(() => encoded(F16, 1e-9, -1e-9), 'VEC_EMBEDDING', 'float16')
  refused(() => encoded(int8Type(1), 0.003, -0.001), 'VEC_EMBEDDING', 'int8_range')
  assert.deepEqual(encoded(F16, 0, -0), [0, 0, 0, 0x80])
  assert.deepEqual(encoded(int8Type(1), 0, -0), [0, 0])
  assert.deepEqual(encoded(int8Type(1), 0.003, 1), [0, 127])
})

plain('the declared type of a column names its type', () => {
  for (const type of [F16, ...RANGES.map(int8Type)]) {
    const found = typeOfColumn(type.declared.toLowerCase())!
    assert.equal(found.declared, type.declared)
    assert.equal(found.range, type.range)
  }
  for (const declared of ['', 'BLOB', 'F16_BLOB', 'TEXT']) assert.equal(typeOfColumn(declared), F32)
  for (const declared of ['VEC_I8_BLOB', 'VEC_I8_BLOB(0)', 'VEC_I8_BLOB(x)', 'VEC_F8_BLOB']) {
    assert.equal(typeOfColumn(declared), undefined)
  }
  assert.deepEqual([F32, F16, int8Type(1), int8Type(0.25)].map(typeArguments), [
    '',
    'type=f16',
    'type=int8',
    'type=int8, int8_range=0.25',
  ])
  assert.deepEqual(
    [F32, F16, int8Type(1)].map(({ name }) => name),
    EMBEDDING_TYPES,
  )
})

plain('float32 bytes are stored as they are', () => {
  const bytes = new Uint8Array(Float32Array.of(1, NaN).buffer)
  assert.equal(storedBytes(F32, bytes, 'test()'), bytes)
  assert.deepEqual(decoded(F32, bytes), Float32Array.of(1, NaN))
  assert.deepEqual(F32.encode(Float32Array.of(1, NaN), 'test()'), bytes)
})
