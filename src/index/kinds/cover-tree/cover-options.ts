import { VecError } from '../../../core/errors.ts'
import { knownWord } from '../../../core/known-word.ts'
import { requireMetric, type Metric, type PerMetric } from '../../../core/metric.ts'

/** How far the rows below a node can be: the true distance of the farthest, or that rounded up to a power of the base. */
export type CoverBound = 'per_node' | 'level'

export interface CoverOptions {
  readonly metric: Metric
  /** Numbers in a vector, at most 65,536. */
  readonly dim: number
  /** Above 1: by how much the radius shrinks from a node to its children. */
  readonly base?: number | undefined
  readonly bound?: CoverBound | undefined
  /** Threads a build may use at most. One is used, whatever is allowed. */
  readonly parallel?: 'auto' | 'off' | number | undefined
}

/** Whether the triangle inequality holds. */
interface ObeysTriangle extends PerMetric<boolean> {
  readonly cosine: true
  readonly euclidean: true
  readonly dot: false
}

/** A metric whose rows lie in a metric space. */
export type CoverMetric = { [M in Metric]: ObeysTriangle[M] extends true ? M : never }[Metric]

const IS_TREE_METRIC: ObeysTriangle = { cosine: true, euclidean: true, dot: false }
const BOUNDS: readonly CoverBound[] = ['per_node', 'level']

export function isTreeMetric(metric: Metric): metric is CoverMetric {
  return IS_TREE_METRIC[metric]
}

export interface CoverShape {
  readonly metric: CoverMetric
  readonly dim: number
  readonly base: number
  readonly bound: CoverBound
}

const DEFAULT_BASE = 1.3
const MAX_DIM = 65536

export function coverShape(options: CoverOptions): CoverShape {
  const { dim, base = DEFAULT_BASE, parallel = 'auto' } = options
  const metric = requireMetric(options.metric)
  const bound = knownWord('bound', options.bound ?? 'per_node', BOUNDS)
  if (!isTreeMetric(metric)) {
    throw new VecError(
      'VEC_OPTION',
      `a cover tree needs a metric that obeys the triangle inequality; ${metric} does not`,
      { hint: 'use the exact index, or cosine or euclidean' },
    )
  }
  if (!Number.isInteger(dim) || dim < 1 || dim > MAX_DIM) {
    throw new VecError('VEC_OPTION', `dim must be an integer from 1 to ${MAX_DIM}, got ${dim}`)
  }
  if (!(base > 1 && base < Infinity)) {
    throw new VecError('VEC_OPTION', `base must be a number above 1, got ${base}`)
  }
  const threads = typeof parallel === 'number' && Number.isInteger(parallel) && parallel >= 1
  if (!threads && parallel !== 'auto' && parallel !== 'off') {
    throw new VecError(
      'VEC_OPTION',
      `parallel must be auto, off or an integer from 1, got ${parallel}`,
    )
  }
  return { metric, dim, base, bound }
}
