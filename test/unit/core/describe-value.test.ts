import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { describeValue, typedArrayName } from '../../../src/core/describe-value.ts'

class Point {
  readonly x = 1
}

const DESCRIBED: readonly [value: unknown, text: string][] = [
  [undefined, 'undefined'],
  [null, 'null'],
  [true, 'true'],
  [-0.5, '-0.5'],
  [NaN, 'NaN'],
  [7n, 'the bigint 7n'],
  ['a "b"', String.raw`the string "a \"b\""`],
  ['x'.repeat(41), `the string "${'x'.repeat(40)}..."`],
  [Symbol('s'), 'a symbol'],
  [() => 1, 'a function'],
  [Promise.resolve(1), 'a Promise'],
  [[], 'an empty array'],
  [[1], 'an array of 1 value'],
  [[1, 2], 'an array of 2 values'],
  [new Uint8Array(1), 'a Uint8Array of 1 byte'],
  [Buffer.alloc(3), 'a Uint8Array of 3 bytes'],
  [new Float64Array(2), 'a Float64Array of 2 numbers'],
  [new Int8Array(1), 'an Int8Array of 1 number'],
  [{}, 'an object'],
  [Object.create(null), 'an object'],
  [new Map(), 'a Map'],
  [new Point(), 'a Point'],
]

for (const [value, text] of DESCRIBED) {
  test(`a value is told as: ${text.slice(0, 30)}`, () => assert.equal(describeValue(value), text))
}

test('a typed array of another realm has its name, other objects have none', () => {
  assert.equal(typedArrayName(runInNewContext('new Float32Array(1)')), 'Float32Array')
  assert.equal(typedArrayName(new DataView(new ArrayBuffer(1))), undefined)
  assert.equal(typedArrayName({ [Symbol.toStringTag]: 'Float32Array' }), undefined)
  assert.equal(typedArrayName(null), undefined)
})
