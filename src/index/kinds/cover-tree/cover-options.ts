import { VecError } from '../../../core/errors.ts'
import { knownWord } from '../../../core/known-word.ts'
import { metricOf, METRICS, requireMetric, type Metric } from '../../../core/metric.ts'

/**
 * The bound on the distance to the rows below a node: the true distance of the farthest, or that distance rounded up to
 * a power of the base.
 */
export type CoverBound = 'per_node' | 'level'

export interface CoverOptions {
  readonly metric: Metric
  /** The dimension of the vectors, at most 65,536. */
  readonly dim: number
  /** The factor, above 1, by which the radius shrinks from a node to its children. */
  readonly base?: number | undefined
  readonly bound?: CoverBound | undefined
}

const BOUNDS: readonly CoverBound[] = ['per_node', 'level']

export interface CoverShape {
  readonly metric: Metric
  readonly dim: number
  readonly base: number
  readonly bound: CoverBound
}

const DEFAULT_BASE = 1.3
const MAX_DIM = 65536

export function coverShape(options: CoverOptions): CoverShape {
  const { dim, base = DEFAULT_BASE } = options
  const metric = requireMetric(options.metric)
  const bound = knownWord('bound', options.bound ?? 'per_node', BOUNDS)
  if (!metricOf(metric).space) {
    throw new VecError(
      'VEC_OPTION',
      `a cover tree needs a metric that obeys the triangle inequality, but ${metric} does not`,
      {
        hint: `use the exact index, or ${METRICS.filter(name => metricOf(name).space).join(' or ')}`,
      },
    )
  }
  if (!Number.isInteger(dim) || dim < 1 || dim > MAX_DIM) {
    throw new VecError('VEC_OPTION', `dim must be an integer from 1 to ${MAX_DIM}, got ${dim}`)
  }
  if (!(base > 1 && base < Infinity)) {
    throw new VecError('VEC_OPTION', `base must be a number above 1, got ${base}`)
  }
  return { metric, dim, base, bound }
}
