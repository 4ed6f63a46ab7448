import { EVERYWHERE, type MetricDefinition } from './definition.ts'

/** The Euclidean distance. The similarity is its negative. */
export const euclideanMetric: MetricDefinition = {
  name: 'euclidean',
  aliases: ['l2'],
  code: 1,
  kernels: { scan: 'euclidean', heads: 'euclidean', score: 'euclidean' },
  directional: false,
  space: 'euclidean',
  range: EVERYWHERE,
  rounds: { score: true, distance: false },
  similarity: (query, row) => -euclidean(query, row),
  score: similarity => 1 + similarity,
  fromScore: score => score - 1,
  distance: similarity => 0 - similarity,
  fromDistance: distance => 0 - distance,
}

/** |q - x|, with differences in double precision. */
export function euclidean(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    const difference = a[i] - b[i]
    sum += difference * difference
  }
  return Math.sqrt(sum)
}
