import type { MetricDefinition } from './definition.ts'
import { dot, magnitude } from './dot.ts'

const range = { least: -1, most: 1 }

/** The cosine of the angle between two vectors: the dot product of their directions. */
export const cosineMetric: MetricDefinition = {
  name: 'cosine',
  aliases: ['cos'],
  code: 0,
  kernels: { scan: 'dot', heads: 'dot', score: 'cosine' },
  directional: true,
  // The chord between directions is a metric, and ranks like the cosine.
  space: 'chord',
  range,
  rounds: { score: false, distance: true },
  similarity: quotient,
  score: clamped,
  fromScore: score => score,
  distance: similarity => 1 - clamped(similarity),
  fromDistance: distance => 1 - distance,
}

/** q.x / (|q| |x|), from -1 to 1; NaN if either length is zero. */
export function cosine(a: Float32Array, b: Float32Array): number {
  return clamped(quotient(a, b))
}

function quotient(a: Float32Array, b: Float32Array): number {
  const scale = magnitude(a) * magnitude(b)
  return scale === 0 ? NaN : dot(a, b) / scale
}

function clamped(similarity: number): number {
  return Math.min(range.most, Math.max(range.least, similarity))
}
