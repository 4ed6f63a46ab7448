import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VecError } from '../../src/entries/main.ts'
import { assertNames, refusedLater, refused } from '../refusal.ts'

const failing = (): never => {
  throw new VecError('VEC_DIMENSION', "dataset 'a' has 13 dimensions", { hint: 'use model m1' })
}

test('an error is known by its code and by whole words of message and hint', () => {
  refused(failing, 'VEC_DIMENSION', "'a'", 13, 'm1')
  for (const wrong of ['b', 3, 1, 'dimension', 'm']) {
    assert.throws(() => refused(failing, 'VEC_DIMENSION', wrong), {
      code: 'ERR_ASSERTION',
    })
  }
})

test('another code, another class or no error at all is a failure', () => {
  const assertion = { code: 'ERR_ASSERTION' }
  assert.throws(() => refused(failing, 'VEC_QUERY'), assertion)
  assert.throws(() => refused(failing, 'TypeError'), assertion)
  assert.throws(() => refused(() => 1, 'TypeError'), assertion)
})

test('a rejection is held to the same', async () => {
  await refusedLater(Promise.reject(new RangeError('k is 0')), 'RangeError', 'k', 0)
})

test('a text that lacks a value is shown', () => {
  assert.throws(() => assertNames('a and b', 'c'), /c is missing in: a and b/)
})
