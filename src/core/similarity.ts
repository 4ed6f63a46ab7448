import { SIMILARITY_RANGE, unknownMetric, type Metric } from './metric.ts'

/**
 * What searches rank by, higher is nearer: cosine, minus the Euclidean distance, or the dot product. Double arithmetic
 * over float32 numbers, sums in index order, not clamped (1.0000000000000002 can occur): every faster way must agree to
 * the bit. NaN where the metric knows none: cosine with a vector of length zero. What callers are shown is in its range.
 */
export function exactSimilarity(metric: Metric, query: Float32Array, row: Float32Array): number {
  switch (metric) {
    case 'cosine':
      return quotient(query, row)
    case 'euclidean':
      return -euclidean(query, row)
    case 'dot':
      return dot(query, row)
    default:
      return unknownMetric(metric)
  }
}

/** The `match_score` of a similarity: 1 - distance for Euclidean, itself otherwise; a cosine from -1 to 1. */
export function similarityToScore(metric: Metric, similarity: number): number {
  switch (metric) {
    case 'euclidean':
      return 1 + similarity
    case 'cosine':
      return similarityInRange('cosine', similarity)
    case 'dot':
      return similarity
    default:
      return unknownMetric(metric)
  }
}

/** The `distance` of a similarity: 1 - cosine, from 0 to 2, the raw Euclidean distance, minus the dot product. */
export function similarityToDistance(metric: Metric, similarity: number): number {
  switch (metric) {
    case 'cosine':
      return 1 - similarityInRange('cosine', similarity)
    case 'euclidean':
    case 'dot':
      return 0 - similarity
    default:
      return unknownMetric(metric)
  }
}

/** The similarity of a `match_score`, but for rounding. */
export function scoreToSimilarity(metric: Metric, score: number): number {
  switch (metric) {
    case 'euclidean':
      return score - 1
    case 'cosine':
    case 'dot':
      return score
    default:
      return unknownMetric(metric)
  }
}

/** The similarity of a `distance`, but for rounding. */
export function distanceToSimilarity(metric: Metric, distance: number): number {
  switch (metric) {
    case 'cosine':
      return 1 - distance
    case 'euclidean':
    case 'dot':
      return 0 - distance
    default:
      return unknownMetric(metric)
  }
}

/** Rounding makes a cosine of 1.0000000000000002, and so a distance below 0, of a vector and itself. NaN stays NaN. */
export function similarityInRange(metric: Metric, computed: number): number {
  const { least, most } = SIMILARITY_RANGE[metric]
  return Math.min(most, Math.max(least, computed))
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

/** Euclidean length. */
export function magnitude(a: Float32Array): number {
  return Math.sqrt(dot(a, a))
}

/** q.x / (|q| |x|), from -1 to 1; NaN when either length is zero. */
export function cosine(a: Float32Array, b: Float32Array): number {
  return similarityInRange('cosine', quotient(a, b))
}

function quotient(a: Float32Array, b: Float32Array): number {
  const scale = magnitude(a) * magnitude(b)
  return scale === 0 ? NaN : dot(a, b) / scale
}

/** |q - x|, the differences taken in double. */
export function euclidean(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    const difference = a[i] - b[i]
    sum += difference * difference
  }
  return Math.sqrt(sum)
}
