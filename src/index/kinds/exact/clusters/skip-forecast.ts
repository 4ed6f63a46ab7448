import type { CodedRows } from '../rows.ts'
import { Centroids } from './centroids.ts'
import type { ClusterRule } from './cluster-rule.ts'
import type { ClusterSpace } from './cluster-space.ts'
import { drawSample } from './row-sample.ts'

/**
 * The rows of a tight cluster are r apart on average. A cluster in another direction can be skipped if the squares of
 * distances to its rows are more than so many times r^2: the square of the golden ratio, if all differences are at right
 * angles; more, if they are not.
 */
const FAR = 2.618
/** Bytes of the sample, as floats. */
const SAMPLE_BYTES = 1 << 23

/**
 * Whether clusters that cannot win may be skipped, by the distances between rows of a sample. False says that it cannot pay: most
 * rows are not much farther from a row than the nearest ones are. True says little, and costs a trial. It takes 10 milliseconds.
 */
export function* mayPay(
  rows: CodedRows,
  space: ClusterSpace,
  { exact, sampleRows, sampleBytes }: ClusterRule,
): Generator<void, boolean> {
  // Nothing is known of lengths, which decide dot products.
  if (space.unitSimilarity) return true
  const { dim } = rows.block
  const most = Math.min(exact.forecastRows, Math.max(2, Math.floor(SAMPLE_BYTES / (dim * 4))))
  const rule = { sampleRows, sampleBytes: Math.min(sampleBytes, most * dim * 4) }
  const sample = yield* drawSample(rows, space, rule, Math.ceil(most / sampleRows))
  if (sample.count < 2) return false
  yield
  const points = new Centroids(space, dim, sample.count)
  points.values.set(sample.rows.subarray(0, sample.count * dim))
  points.changed()
  const square = (closeness: number): number =>
    space.spherical ? Math.max(0, 1 - closeness) : closeness * closeness
  let near = 0
  const queries = Math.min(exact.forecasts, sample.count)
  for (let i = 0; i < queries; i++) {
    const own = Math.floor(((i + 0.5) * sample.count) / queries)
    const query = points.values.slice(own * dim, (own + 1) * dim)
    if (!points.ask(query, points.lengthOf(own))) continue
    const { closeness } = points
    closeness[own] = -Infinity
    const limit = FAR * square(closeness.reduce((best, value) => Math.max(best, value)))
    for (const [other, value] of closeness.entries()) {
      if (other !== own && square(value) <= limit) near++
    }
    yield
  }
  return near <= exact.pays * queries * (sample.count - 1)
}
