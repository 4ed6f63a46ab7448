import type { Metric } from '../../core/metric.ts'
import type { OriginalDistance } from './original-index.ts'

const { fround } = Math

/**
 * The original's distances on amd64, to the bit: float32 after every operation, sums in index order. (On arm64 the
 * original sums four lanes with fused multiply-add, so the last bits differ.) Rows are parts of `vectors`, identified
 * by their offset.
 */
export type OriginalMeasure = (
  a: Float32Array,
  aAt: number,
  aMagnitude: number,
  b: Float32Array,
  bAt: number,
  bMagnitude: number,
  dim: number,
) => number

export function originalMeasure(distance: OriginalDistance): OriginalMeasure {
  return distance === 'euclidean' ? euclidean : cosine
}

/** Euclidean length; infinite where the squares overflow float32. */
export function originalMagnitude(vectors: Float32Array, at: number, dim: number): number {
  let sum = 0
  for (let i = at; i < at + dim; i++) sum = fround(sum + fround(vectors[i] * vectors[i]))
  return fround(Math.sqrt(sum))
}

/** 1 - cosine; 1 when a length is zero. A length stored as 0 is computed again. */
const cosine: OriginalMeasure = (a, aAt, aMagnitude, b, bAt, bMagnitude, dim) => {
  const lengthA = aMagnitude === 0 ? originalMagnitude(a, aAt, dim) : aMagnitude
  const lengthB = bMagnitude === 0 ? originalMagnitude(b, bAt, dim) : bMagnitude
  if (lengthA === 0 || lengthB === 0) return 1
  let dot = 0
  for (let i = 0; i < dim; i++) dot = fround(dot + fround(a[aAt + i] * b[bAt + i]))
  return fround(1 - fround(dot / (lengthA * lengthB)))
}

const euclidean: OriginalMeasure = (a, aAt, _aMagnitude, b, bAt, _bMagnitude, dim) => {
  let sum = 0
  for (let i = 0; i < dim; i++) {
    const difference = fround(a[aAt + i] - b[bAt + i])
    sum = fround(sum + fround(difference * difference))
  }
  return fround(Math.sqrt(sum))
}

/** The original's distance for a metric; undefined if it has none. */
export function originalDistance(metric: Metric): OriginalDistance | undefined {
  return (['cosine', 'euclidean'] as const).find(distance => distance === metric)
}
