import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VecError } from '../../src/entries/main.ts'
import { assertNames, rejectsVec, throwsVec } from '../throws-vec.ts'

const failing = (): never => {
  throw new VecError('VEC_DIMENSION', "dataset 'a' has 13 dimensions", { hint: 'use model m1' })
}

test('an error is known by its code and by whole words of message and hint', () => {
  throwsVec(failing, { code: 'VEC_DIMENSION', names: ["'a'", 13, 'm1'] })
  for (const wrong of ['b', 3, 1, 'dimension', 'm']) {
    assert.throws(() => throwsVec(failing, { code: 'VEC_DIMENSION', names: [wrong] }), {
      code: 'ERR_ASSERTION',
    })
  }
})

test('another code, another class or no error at all is a failure', () => {
  const assertion = { code: 'ERR_ASSERTION' }
  assert.throws(() => throwsVec(failing, { code: 'VEC_QUERY', names: [] }), assertion)
  assert.throws(() => throwsVec(failing, { code: 'TypeError', names: [] }), assertion)
  assert.throws(() => throwsVec(() => 1, { code: 'TypeError', names: [] }), assertion)
})

test('a rejection is held to the same', async () => {
  await rejectsVec(Promise.reject(new RangeError('k is 0')), {
    code: 'RangeError',
    names: ['k', 0],
  })
})

test('a text that lacks a value is shown', () => {
  assert.throws(() => assertNames('a and b', ['c']), /c: a and b/)
})
