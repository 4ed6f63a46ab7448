import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pack, unpack } from '../../../src/ui/packed.ts'

test('a value with arrays of numbers comes back as it was', () => {
  const value = {
    rows: Float64Array.of(1, 2 ** 40, -0.5),
    points: Float32Array.of(0.5, NaN, Infinity),
    codes: Uint8Array.of(1, 2, 255),
    nested: [{ name: 'ä\u0000', empty: new Uint32Array(0), none: null }],
  }
  assert.deepEqual(unpack(pack(value)), value)
})

test('bytes that begin anywhere in a buffer are read, and a part of an array is that part', () => {
  const part = Float32Array.of(9, 1, 2, 3).subarray(1)
  const bytes = pack({ part })
  const larger = new Uint8Array(bytes.length + 3)
  larger.set(bytes, 3)
  assert.deepEqual(unpack(larger.subarray(3)), { part: Float32Array.of(1, 2, 3) })
})

test('values without arrays, and nothing at all, are JSON', () => {
  for (const value of [null, 'text', 1.5, [true, { a: [] }]])
    assert.deepEqual(unpack(pack(value)), value)
  assert.equal(unpack(pack(undefined)), null)
  assert.deepEqual(unpack(pack({ count: 12n })), { count: '12' })
})
