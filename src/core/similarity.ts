import { metricOf, type Metric } from './metric.ts'

export { cosine } from './metrics/cosine.ts'
export { dot, magnitude } from './metrics/dot.ts'
export { euclidean } from './metrics/euclidean.ts'
export { manhattan } from './metrics/manhattan.ts'

/** The value that searches rank by: `MetricDefinition.similarity`. */
export function exactSimilarity(metric: Metric, query: Float32Array, row: Float32Array): number {
  return metricOf(metric).similarity(query, row)
}

/** The `match_score` of a similarity: 1 - distance for Euclidean and Manhattan, itself otherwise; a cosine from -1 to 1. */
export function similarityToScore(metric: Metric, similarity: number): number {
  return metricOf(metric).score(similarity)
}

/** The `distance` of a similarity: 1 - cosine, from 0 to 2, the raw distance, or minus the dot product. */
export function similarityToDistance(metric: Metric, similarity: number): number {
  return metricOf(metric).distance(similarity)
}

/** The similarity of a `match_score`, except for rounding. */
export function scoreToSimilarity(metric: Metric, score: number): number {
  return metricOf(metric).fromScore(score)
}

/** The similarity of a `distance`, except for rounding. */
export function distanceToSimilarity(metric: Metric, distance: number): number {
  return metricOf(metric).fromDistance(distance)
}

/**
 * Clamps a computed similarity. Rounding can make the cosine of a vector with itself 1.0000000000000002, and so its
 * distance negative. NaN stays NaN.
 */
export function similarityInRange(metric: Metric, computed: number): number {
  const { least, most } = metricOf(metric).range
  return Math.min(most, Math.max(least, computed))
}
