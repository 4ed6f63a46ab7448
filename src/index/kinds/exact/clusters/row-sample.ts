import type { CodedRows } from '../rows.ts'
import { toDirection } from './centroids.ts'
import type { ClusterRule } from './cluster-rule.ts'
import type { ClusterSpace } from './cluster-space.ts'
import type { Sample } from './k-means.ts'

/** Rows that are decoded in a few milliseconds. */
const DECODED = 4096

/** What k-means sees: rows of the whole index, made 1 long where only directions count. It pauses every few milliseconds. */
export function* drawSample(
  rows: CodedRows,
  space: ClusterSpace,
  { sampleBytes, sampleRows }: Pick<ClusterRule, 'sampleBytes' | 'sampleRows'>,
  clusters: number,
): Generator<void, Sample> {
  const { dim, positions } = rows.block
  const most = Math.max(clusters, Math.floor(sampleBytes / (dim * 4)))
  const wanted = Math.min(positions, clusters * sampleRows, most)
  const sample = new Float32Array(wanted * dim)
  let drawn = 0
  for (const [i, position] of spread(positions, wanted, 0.75).entries()) {
    if (i % DECODED === DECODED - 1) yield
    // Rows may have gone between two steps.
    if (position >= rows.block.positions || !rows.isLive(position)) continue
    const to = sample.subarray(drawn * dim, ++drawn * dim)
    rows.decode(position, to)
    if (space.spherical) toDirection(to)
  }
  return { rows: sample, count: drawn }
}

/** Positions evenly spread; `shift` of the way from one to the next. */
export function spread(positions: number, count: number, shift: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(((i + shift) * positions) / count))
}
