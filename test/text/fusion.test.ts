import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contribution, DEFAULT_FUSION } from '../../src/search/hybrid/fusion.ts'

test('reciprocal ranks count from 1 and fall by the rank alone', () => {
  assert.equal(contribution(1, 1, [9, 1], DEFAULT_FUSION), 1 / 61)
  assert.equal(contribution(0.5, 2, [9, 1], DEFAULT_FUSION), 0.5 / 62)
  assert.equal(contribution(1, 1, [9], { ...DEFAULT_FUSION, rrfK: 0 }), 1)
})

test('a sum brings the scores of a ranking to 0..1', () => {
  const sum = { ...DEFAULT_FUSION, fusion: 'sum' } as const
  const scores = [5, 4, 1]
  assert.deepEqual(
    scores.map((_, i) => contribution(2, i + 1, scores, sum)),
    [2, 1.5, 0],
  )
  assert.equal(contribution(2, 1, [7], sum), 2)
  assert.equal(contribution(2, 2, [7, 7], sum), 2)
})
