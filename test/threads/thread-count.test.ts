import assert from 'node:assert/strict'
import { test } from 'node:test'
import { threadPool } from '../../src/entries/vec.ts'

test('the size of the pool is a whole number from 1 to 16', () => {
  for (const value of [
    0,
    17,
    2.5,
    -1,
    Infinity,
    NaN,
    '2',
    null,
    undefined,
    Promise.resolve(2),
    2n,
  ]) {
    assert.throws(() => {
      threadPool.size = value as number
    }, /^RangeError: threadPool\.size is .+: expected an integer from 1 to 16$/)
  }
  for (const size of [1, 16, 3]) {
    threadPool.size = size
    assert.equal(threadPool.size, size)
    assert.equal(threadPool.running, 0)
  }
})
