import { EVERYWHERE, type MetricDefinition } from './definition.ts'

/** The L1 distance, the sum of absolute differences. The similarity is its negative. */
export const manhattanMetric: MetricDefinition = {
  name: 'manhattan',
  aliases: ['l1', 'taxicab'],
  code: 3,
  kernels: { scan: 'manhattan', heads: undefined, score: 'manhattan' },
  directional: false,
  space: 'manhattan',
  range: EVERYWHERE,
  rounds: { score: true, distance: false },
  similarity: (query, row) => -manhattan(query, row),
  score: similarity => 1 + similarity,
  fromScore: score => score - 1,
  distance: similarity => 0 - similarity,
  fromDistance: distance => 0 - distance,
}

/** The sum of |q - x|, with differences in double precision. */
export function manhattan(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i])
  return sum
}
