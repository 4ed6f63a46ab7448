import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  exactSimilarity,
  similarityToDistance,
  similarityToScore,
} from '../../src/entries/indexes.ts'
import { cosine, dot, euclidean, magnitude, manhattan } from '../../src/entries/vector.ts'

const v = (...numbers: number[]): Float32Array => Float32Array.from(numbers)

test('dot, magnitude, cosine and Euclidean distance of known vectors', () => {
  assert.equal(dot(v(1, 2, 3), v(-2, 0.5, 4)), 11)
  assert.equal(magnitude(v(3, 4)), 5)
  assert.equal(euclidean(v(1, 2, 3), v(-2, 0.5, 4)), 3.5)
  assert.equal(manhattan(v(1, 2, 3), v(-2, 0.5, 4)), 5.5)
  assert.equal(cosine(v(1, 2, 3), v(-2, 0.5, 4)), 0.6533052580081485)
})

test('sums are double: nothing overflows or vanishes that float32 would lose', () => {
  assert.ok(
    Math.abs(magnitude(v(3e38, 4e37)) / Math.hypot(Math.fround(3e38), Math.fround(4e37)) - 1) <
      1e-15,
  )
  assert.equal(dot(v(1e-30), v(1e-30)) > 0, true)
  assert.equal(cosine(v(1e-40, 0), v(1e-40, 0)), 1)
})

test('cosine is NaN with a vector of length zero', () => {
  assert.ok(Number.isNaN(cosine(v(0, 0), v(1, 0))))
  assert.ok(Number.isNaN(exactSimilarity('cosine', v(1, 0), v(0, 0))))
})

test('similarity is higher for nearer vectors in every metric', () => {
  for (const metric of ['cosine', 'euclidean', 'dot', 'manhattan'] as const) {
    const near = exactSimilarity(metric, v(1, 0), v(1, 0.1))
    const far = exactSimilarity(metric, v(1, 0), v(-1, 0.1))
    assert.ok(near > far, metric)
    assert.ok(similarityToScore(metric, near) > similarityToScore(metric, far))
    assert.ok(similarityToDistance(metric, near) < similarityToDistance(metric, far))
  }
})

test('score and distance of a similarity', () => {
  assert.deepEqual(
    [similarityToScore('cosine', 0.25), similarityToDistance('cosine', 0.25)],
    [0.25, 0.75],
  )
  assert.deepEqual(
    [similarityToScore('euclidean', -3), similarityToDistance('euclidean', -3)],
    [-2, 3],
  )
  assert.deepEqual(
    [similarityToScore('manhattan', -3), similarityToDistance('manhattan', -3)],
    [-2, 3],
  )
  assert.equal(exactSimilarity('manhattan', v(1, -2), v(-1, 2)), -6)
  assert.deepEqual([similarityToScore('dot', 7), similarityToDistance('dot', 7)], [7, -7])
  assert.ok(Object.is(similarityToDistance('euclidean', -0), 0))
})
