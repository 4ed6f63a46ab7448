import { argumentError } from './argument-error.ts'
import { typedArrayName } from './describe-value.ts'
import { VecError } from './errors.ts'
import { isFiniteVector } from './finite.ts'
import { requireMetric, type Metric } from './metric.ts'
import { readVector, type VectorInput } from './read-vector.ts'
import * as similarity from './similarity.ts'

/** The functions of similarity.ts for callers, with checked arguments. */

/**
 * Sum of a[i] * b[i], in double precision. VEC_DIMENSION if the dimensions differ.
 *
 *     dot([1, 2], [3, 4]) // 11
 */
export function dot(a: VectorInput, b: VectorInput): number {
  return similarity.dot(...pair('dot()', a, b))
}

/** The Euclidean length. */
export function magnitude(a: VectorInput): number {
  return similarity.magnitude(givenVector(a, 'magnitude()', 'a'))
}

/**
 * a.b / (|a| |b|), from -1 to 1; NaN if either vector has length zero. VEC_DIMENSION if the dimensions differ.
 *
 *     cosine([1, 0], [1, 1]) // 0.7071067811865475
 */
export function cosine(a: VectorInput, b: VectorInput): number {
  return similarity.cosine(...pair('cosine()', a, b))
}

/**
 * |a - b|, the Euclidean distance. VEC_DIMENSION if the dimensions differ.
 *
 *     euclidean([0, 0], [3, 4]) // 5
 */
export function euclidean(a: VectorInput, b: VectorInput): number {
  return similarity.euclidean(...pair('euclidean()', a, b))
}

/**
 * Sum of |a[i] - b[i]|, the L1 distance. VEC_DIMENSION if the dimensions differ.
 *
 *     manhattan([0, 0], [3, 4]) // 7
 */
export function manhattan(a: VectorInput, b: VectorInput): number {
  return similarity.manhattan(...pair('manhattan()', a, b))
}

/**
 * The value that searches rank by, higher is nearer: cosine, minus the Euclidean or Manhattan distance, or the dot product.
 * NaN if it is undefined: cosine with a vector of length zero. VEC_DIMENSION if the dimensions differ.
 *
 *     exactSimilarity('euclidean', [0, 0], [3, 4]) // -5
 */
export function exactSimilarity(metric: Metric, query: VectorInput, row: VectorInput): number {
  requireMetric(metric)
  const vectors = pair('exactSimilarity()', query, row, 'query', 'row')
  return similarity.similarityInRange(metric, similarity.exactSimilarity(metric, ...vectors))
}

/**
 * The `match_score` of a similarity: 1 - distance for Euclidean and Manhattan, itself otherwise. NaN stays NaN.
 *
 *     similarityToScore('euclidean', -5) // -4
 */
export function similarityToScore(metric: Metric, value: number): number {
  requireMetric(metric)
  requireNumber(value, 'similarityToScore()')
  return similarity.similarityToScore(metric, value)
}

/**
 * The `distance` of a similarity: 1 - cosine, the Euclidean or Manhattan distance, minus the dot product. NaN stays
 * NaN.
 *
 *     similarityToDistance('cosine', 0.25) // 0.75
 */
export function similarityToDistance(metric: Metric, value: number): number {
  requireMetric(metric)
  requireNumber(value, 'similarityToDistance()')
  return similarity.similarityToDistance(metric, value)
}

/** The vector of a caller, for reading only: a Float32Array is not copied. */
export function givenVector(value: unknown, where: string, what: string): Float32Array {
  if (typedArrayName(value) !== 'Float32Array') return readVector(value, where, what)
  const vector = value as Float32Array
  return vector.length > 0 && isFiniteVector(vector) ? vector : readVector(vector, where, what)
}

function pair(
  where: string,
  a: unknown,
  b: unknown,
  aIs = 'a',
  bIs = 'b',
): [Float32Array, Float32Array] {
  const x = givenVector(a, where, aIs)
  const y = givenVector(b, where, bIs)
  if (x.length === y.length) return [x, y]
  throw new VecError(
    'VEC_DIMENSION',
    `${where}: ${aIs} has ${x.length} dimensions and ${bIs} has ${y.length}: expected vectors of the same dimension`,
    { hint: 'compare embeddings of the same model' },
  )
}

function requireNumber(value: unknown, where: string): void {
  if (typeof value !== 'number') throw argumentError(where, 'similarity', value, 'a number')
}
