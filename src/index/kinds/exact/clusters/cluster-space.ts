import { metricOf, type Metric } from '../../../../core/metric.ts'

/**
 * How a metric sees clusters. `dot` is always that of a query, or of its direction, with a centroid. A row of a cluster
 * is the centroid and a rest that points anywhere: `margin` says how many times the usual share of the rest would have to
 * point to the query for a row of this cluster to reach a similarity (docs/approximate-search.md).
 */
export interface ClusterSpace {
  /** Rows are compared by direction, and centroids are directions. */
  readonly spherical: boolean
  /** The query is made 1 long. */
  readonly unitQuery: boolean
  /** Similarities grow with the length of the query: they are divided by it. */
  readonly unitSimilarity: boolean
  /** Higher is nearer. `square` and `querySquare` are squares of lengths. */
  closeness(this: void, dot: number, square: number, querySquare: number): number
  /** `spread`: the root mean square of the rest; `shrink`: the part of a row along the centroid. */
  margin(this: void, least: number, closeness: number, spread: number, shrink: number): number
}

const SMALLEST = 1e-9

const cosine: ClusterSpace = {
  spherical: true,
  unitQuery: true,
  unitSimilarity: false,
  closeness: dot => dot,
  margin: (least, closeness, spread, shrink) =>
    (least - closeness * shrink) /
    (spread * Math.sqrt(Math.max(SMALLEST, 1 - closeness * closeness)) + SMALLEST),
}

const dot: ClusterSpace = {
  spherical: false,
  unitQuery: true,
  unitSimilarity: true,
  closeness: value => value,
  margin: (least, closeness, spread) => (least - closeness) / (spread + Number.MIN_VALUE),
}

const euclidean: ClusterSpace = {
  spherical: false,
  unitQuery: false,
  unitSimilarity: false,
  closeness: (value, square, querySquare) =>
    -Math.sqrt(Math.max(0, querySquare - 2 * value + square)),
  // least is minus a distance: rows within it have |q - c|^2 + |rest|^2 - 2 |q - c| |rest| cos <= least^2.
  margin: (least, closeness, spread) =>
    (closeness * closeness + spread * spread - least * least) /
    (-2 * closeness * spread + Number.MIN_VALUE),
}

/** Undefined: rows of this metric are not clustered. Sums along axes have little to do with the distance to a mean. */
export function clusterSpaceOf(metric: Metric): ClusterSpace | undefined {
  const { directional, kernels, space } = metricOf(metric)
  if (!kernels.heads) return undefined
  if (directional) return cosine
  return space ? euclidean : dot
}
