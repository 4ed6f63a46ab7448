import { metricOf, type Metric } from '../../../core/metric.ts'
import type { CoverOptions } from '../cover-tree/cover-options.ts'
import type { AutoRule } from './auto-rule.ts'
import { intrinsicDimension } from './intrinsic-dimension.ts'
import { percent } from './percent.ts'
import { probeTrees } from './probe.ts'

export interface Decision {
  readonly tree: boolean
  readonly reason: string
}

/** Decides from the intrinsic dimension of a sample (row-major) whether a tree is worth a probe. */
export function firstLook(
  { metric, dim }: CoverOptions,
  rule: AutoRule,
  sample: Float32Array,
  count: number,
): Decision {
  const dimension = intrinsicDimension(metric, dim, withDirection(metric, dim, sample))
  const what = `${count} rows of about ${shown(dimension)} dimensions`
  return dimension <= rule.dimensions
    ? { tree: true, reason: what }
    : { tree: false, reason: `${what}: above ${rule.dimensions} a tree visits too many rows` }
}

/** Decides, from trees of the sample, whether a tree of `count` such rows is faster than a scan. */
export function decide(
  options: CoverOptions,
  rule: AutoRule,
  sample: Float32Array,
  count: number,
): Decision {
  const look = firstLook(options, rule, sample, count)
  if (!look.tree) return look
  const probe = probeTrees(options, withDirection(options.metric, options.dim, sample), count)
  const share = probe.expected / count
  return {
    tree: share * rule.visitCost < rule.margin,
    reason: `${look.reason}: a search visits ${Math.round(probe.visited)} of ${probe.rows} rows in a sample tree, so about ${percent(share)} of all, and a tree pays off below ${percent(rule.margin / rule.visitCost)}`,
  }
}

function shown(dimension: number): string {
  return dimension === Infinity ? 'endless' : dimension.toFixed(1)
}

/** The rows without those of length zero, which cosine never finds. */
function withDirection(metric: Metric, dim: number, rows: Float32Array): Float32Array {
  if (!metricOf(metric).directional) return rows
  const kept = new Float32Array(rows.length)
  let to = 0
  for (let at = 0; at < rows.length; at += dim) {
    const row = rows.subarray(at, at + dim)
    if (row.every(number => number === 0)) continue
    kept.set(row, to)
    to += dim
  }
  return kept.subarray(0, to)
}
