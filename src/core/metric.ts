import { knownWord } from './known-word.ts'

/**
 * How two vectors are compared. `match_score` is higher for nearer rows, `distance` lower:
 *
 * | metric    | score                  | distance     |
 * |-----------|------------------------|--------------|
 * | cosine    | q.x / (\|q\| \|x\|)    | 1 - score    |
 * | euclidean | 1 - \|q - x\|          | \|q - x\|    |
 * | dot       | q.x                    | -score       |
 *
 * Cosine leaves out rows of length zero, and a query of length zero finds nothing.
 */
export type Metric = 'cosine' | 'euclidean' | 'dot'

/** A value for each metric: a new metric does not compile before it has one everywhere. */
export type PerMetric<T> = Readonly<Record<Metric, T>>

/**
 * Whether a metric compares directions alone: lengths do not count, and a vector of length zero has no similarity.
 */
const DIRECTIONAL: PerMetric<boolean> = { cosine: true, euclidean: false, dot: false }

/** Where similarities lie, though rounding may leave the range by a hair. */
export const SIMILARITY_RANGE: PerMetric<{ readonly least: number; readonly most: number }> = {
  cosine: { least: -1, most: 1 },
  euclidean: { least: -Infinity, most: Infinity },
  dot: { least: -Infinity, most: Infinity },
}

export const METRICS: readonly Metric[] = Object.keys(DIRECTIONAL) as Metric[]

/** The names by which people call metrics. */
export const METRIC_NAMES: Readonly<Record<string, Metric>> = {
  cosine: 'cosine',
  cos: 'cosine',
  euclidean: 'euclidean',
  l2: 'euclidean',
  dot: 'dot',
  ip: 'dot',
  inner_product: 'dot',
}

/** Throws VecError VEC_OPTION for anything but the name of a metric. */
export function requireMetric(given: unknown): Metric {
  return knownWord('metric', given, METRICS, METRIC_NAMES)
}

/** For the default of a switch over all metrics: what comes here was never a metric. */
export function unknownMetric(given: never): never {
  throw new TypeError(`no such metric: ${requireMetric(given)}`)
}

export function isDirectional(metric: Metric): boolean {
  return DIRECTIONAL[metric]
}
