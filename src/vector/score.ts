import type { Metric } from './metric.ts'

/**
 * The score that every search answers with: double arithmetic over float32 numbers, sums in index order, not clamped
 * (1.0000000000000002 can occur). Every faster way must agree to the bit. NaN where the metric knows no score: cosine
 * with a vector of length zero, and anything that overflows to NaN.
 */
export function exactScore(metric: Metric, query: Float32Array, row: Float32Array): number {
  switch (metric) {
    case 'cosine':
      return cosine(query, row)
    case 'euclidean':
      return 1 - euclidean(query, row)
    case 'dot':
      return dot(query, row)
  }
}

/** The distance that belongs to a score: 1 - score, for dot its negative. */
export function scoreToDistance(metric: Metric, score: number): number {
  return metric === 'dot' ? -score : 1 - score
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

/** q.x / (|q| |x|); NaN when either length is zero. */
export function cosine(a: Float32Array, b: Float32Array): number {
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
