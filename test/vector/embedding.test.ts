import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeEmbedding, embeddingToJson, encodeEmbedding } from '../../src/entries/vector.ts'
import { refused } from '../refusal.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('an embedding is little-endian float32 without a header', () => {
  assert.equal(hex(encodeEmbedding([1, -2, 0.5])), '0000803f000000c00000003f')
  assert.deepEqual([...decodeEmbedding(encodeEmbedding([1, -2, 0.5]))], [1, -2, 0.5])
})

test('numbers are rounded to float32', () => {
  assert.deepEqual([...decodeEmbedding(encodeEmbedding([0.1]))], [Math.fround(0.1)])
  assert.deepEqual([...decodeEmbedding(encodeEmbedding([1e-60]))], [0])
})

test('what is no finite float32 is refused with its place', () => {
  for (const bad of [NaN, Infinity, -Infinity, 1e39]) {
    refused(
      () => encodeEmbedding([1, 2, bad]),
      'VEC_EMBEDDING',
      `number 2 of the embedding is ${bad}`,
      'finite',
    )
  }
})

test('bytes whose number is no multiple of four are refused', () => {
  refused(
    () => decodeEmbedding(new Uint8Array(7)),
    'VEC_EMBEDDING',
    'length 7 (not multiple of 4)',
    'float32',
  )
  assert.throws(() => decodeEmbedding([1] as unknown as Uint8Array), TypeError)
})

test('decoding and encoding copy, from unaligned bytes too', () => {
  const bytes = new Uint8Array(13)
  bytes.set(encodeEmbedding([1, 2, 3]), 1)
  const vector = decodeEmbedding(bytes.subarray(1))
  bytes.fill(0)
  assert.deepEqual([...vector], [1, 2, 3])
  const source = Float32Array.of(1, 2)
  const encoded = encodeEmbedding(source)
  source[0] = 9
  assert.deepEqual([...decodeEmbedding(encoded)], [1, 2])
})

test('JSON of an embedding reads back to the same bits, in the shortest decimals', () => {
  assert.equal(embeddingToJson(Float32Array.of(0.1, 1, -2.5e-8)), '[0.1,1,-2.5e-8]')
  assert.equal(embeddingToJson(Float32Array.of(0, -0)), '[0,-0]')
  const numbers = new Float32Array(
    new Uint32Array(4000).map((_, i) => Math.imul(i + 1, 0x9e3779b1)).buffer,
  )
  const finite = numbers.filter(x => Number.isFinite(x))
  assert.deepEqual(
    Float32Array.from(JSON.parse(embeddingToJson(finite)) as number[]),
    finite.map(x => x + 0),
  )
})
