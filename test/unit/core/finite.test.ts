import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFiniteVector } from '../../../src/core/finite.ts'

test('one NaN or infinity is found at every place of a vector of any length', () => {
  for (let length = 0; length < 14; length++) {
    const vector = Float32Array.from({ length }, (_, i) => (i % 2 === 0 ? 3.4e38 : -3.4e38))
    assert.equal(isFiniteVector(vector), true)
    for (let at = 0; at < length; at++)
      for (const number of [NaN, Infinity, -Infinity]) {
        const other = vector.slice()
        other[at] = number
        assert.equal(isFiniteVector(other), false, `${number} at ${at} of ${length}`)
      }
  }
})
