import { createRowScorer } from '../../../accelerators/row-scorer.ts'
import type { Metric } from '../../../core/metric.ts'
import { coverSpace } from '../cover-tree/cover-space.ts'

/** Rows whose surroundings are looked at; how many rows are looked at for each; and how many bytes they take at most. */
const CENTRES = 16
const SURROUNDINGS = 1024
const MAX_BYTES = 1 << 20
/** With fewer rows there is nothing to be seen, and 0 is said. */
const MIN_ROWS = 8

/**
 * How many dimensions the rows (row-major) seem to have from within. In d dimensions a ball of twice the radius holds 2^d
 * times as many rows; so it is read off the distances to two neighbours: ln(k2 / k1) / ln(r2 / r1). The median over some
 * rows; 0 where neighbours are equal.
 */
export function intrinsicDimension(metric: Metric, dim: number, rows: Float32Array): number {
  const most = Math.min(SURROUNDINGS, Math.floor(MAX_BYTES / (dim * 4)))
  const count = Math.min(most, rows.length / dim)
  if (count < MIN_ROWS) return 0
  const near = Math.max(1, Math.floor(count / 128))
  const far = Math.max(near + 1, Math.floor(count / 16))
  // Only rows that a tree can serve are looked at.
  const space = coverSpace(metric, dim)!
  const scorer = createRowScorer(metric, dim)
  try {
    const found: number[] = []
    const centres = Math.min(CENTRES, count)
    // Rows from everywhere: the first ones may be unlike the rest.
    const row = (i: number, of: number): Float32Array => {
      const at = Math.floor((i * (rows.length / dim)) / of) * dim
      return rows.subarray(at, at + dim)
    }
    const stage = scorer.stage(count)
    for (let i = 0; i < count; i++) stage.set(row(i, count), i * dim)
    for (let i = 0; i < centres; i++) {
      // A row that was staged: i * count / centres of them.
      scorer.setQuery(row(Math.floor((i * count) / centres), count))
      const distances = scorer
        .score(count)
        .map(similarity => space.distanceOfKey(space.keyOf(similarity)))
      found.push(dimensionAround(distances, near, far))
    }
    return found.toSorted((a, b) => a - b)[found.length >>> 1]
  } finally {
    scorer.dispose()
  }
}

/** The nearest row is the centre itself. */
function dimensionAround(distances: Float64Array, near: number, far: number): number {
  distances.sort()
  const [r1, r2] = [distances[near], distances[far]]
  if (!(r1 > 0)) return 0
  return r2 > r1 ? Math.log(far / near) / Math.log(r2 / r1) : Infinity
}
