import { EVERYWHERE, type MetricDefinition } from './definition.ts'

/** The dot product, which does not obey the triangle inequality. */
export const dotMetric: MetricDefinition = {
  name: 'dot',
  aliases: ['ip', 'inner_product'],
  code: 2,
  kernels: { scan: 'dot', heads: 'dot', score: 'dot' },
  directional: false,
  space: undefined,
  range: EVERYWHERE,
  rounds: { score: false, distance: false },
  similarity: dot,
  score: similarity => similarity,
  fromScore: score => score,
  distance: similarity => 0 - similarity,
  fromDistance: distance => 0 - distance,
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

/** The Euclidean length. */
export function magnitude(a: Float32Array): number {
  return Math.sqrt(dot(a, a))
}
