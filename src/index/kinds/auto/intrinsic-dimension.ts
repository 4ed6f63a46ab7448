import { createRowScorer } from '../../../accelerators/row-scorer.ts'
import type { Metric } from '../../../core/metric.ts'
import { coverSpace } from '../cover-tree/cover-space.ts'

/**
 * The number of rows whose neighborhood is examined, the number of rows compared with each, and the maximum bytes of
 * these.
 */
const CENTRES = 16
const SURROUNDINGS = 1024
const MAX_BYTES = 1 << 20
/** With fewer rows, no dimension can be estimated, and the result is 0. */
const MIN_ROWS = 8

/**
 * Estimates the intrinsic dimension of the rows (row-major). In d dimensions, a ball of twice the radius holds 2^d
 * times as many rows. So the distances to two neighbors give ln(k2 / k1) / ln(r2 / r1). The result is the median over
 * some rows; 0 if neighbors are equal.
 */
export function intrinsicDimension(metric: Metric, dim: number, rows: Float32Array): number {
  const most = Math.min(SURROUNDINGS, Math.floor(MAX_BYTES / (dim * 4)))
  const count = Math.min(most, rows.length / dim)
  if (count < MIN_ROWS) return 0
  const near = Math.max(1, Math.floor(count / 128))
  const far = Math.max(near + 1, Math.floor(count / 16))
  // Only metrics that a tree supports are examined.
  const space = coverSpace(metric, dim)!
  const scorer = createRowScorer(metric, dim)
  try {
    const found: number[] = []
    const centres = Math.min(CENTRES, count)
    // Rows from everywhere: the first ones may differ from the rest.
    const row = (i: number, of: number): Float32Array => {
      const at = Math.floor((i * (rows.length / dim)) / of) * dim
      return rows.subarray(at, at + dim)
    }
    const stage = scorer.stage(count)
    for (let i = 0; i < count; i++) stage.set(row(i, count), i * dim)
    for (let i = 0; i < centres; i++) {
      // One of the staged rows, at i * count / centers.
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

/** The nearest row is the center itself. */
function dimensionAround(distances: Float64Array, near: number, far: number): number {
  distances.sort()
  const [r1, r2] = [distances[near], distances[far]]
  if (!(r1 > 0)) return 0
  return r2 > r1 ? Math.log(far / near) / Math.log(r2 / r1) : Infinity
}
