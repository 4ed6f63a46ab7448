import { knownWord } from './known-word.ts'
import { cosineMetric } from './metrics/cosine.ts'
import type { Metric, MetricDefinition } from './metrics/definition.ts'
import { dotMetric } from './metrics/dot.ts'
import { euclideanMetric } from './metrics/euclidean.ts'
import { manhattanMetric } from './metrics/manhattan.ts'

/**
 * How two vectors are compared. `match_score` is higher for nearer rows, `distance` lower:
 *
 * | metric    | score                  | distance     |
 * |-----------|------------------------|--------------|
 * | cosine    | q.x / (\|q\| \|x\|)    | 1 - score    |
 * | euclidean | 1 - \|q - x\|          | \|q - x\|    |
 * | dot       | q.x                    | -score       |
 * | manhattan | 1 - sum \|q - x\|      | sum \|q - x\| |
 *
 * With cosine, rows of length zero are skipped, and a query of length zero finds nothing.
 */
export type { Metric }

/** The registry of metrics. Add a new metric here. */
const METRICS_BY_NAME: Readonly<Record<Metric, MetricDefinition>> = {
  cosine: cosineMetric,
  euclidean: euclideanMetric,
  dot: dotMetric,
  manhattan: manhattanMetric,
}

export const METRICS: readonly Metric[] = Object.keys(METRICS_BY_NAME) as Metric[]

/** The accepted names of metrics: each metric's own name first, then its aliases. */
export const METRIC_NAMES: Readonly<Record<string, Metric>> = Object.fromEntries(
  METRICS.flatMap(name =>
    [name, ...METRICS_BY_NAME[name].aliases].map(word => [word, name] as const),
  ),
)

/** The definition of a metric. Throws VecError VEC_OPTION for any other name. */
export function metricOf(name: Metric): MetricDefinition {
  return METRICS_BY_NAME[name] ?? METRICS_BY_NAME[requireMetric(name)]
}

/** The metric with this code in a file; undefined for an unknown code. */
export function metricOfCode(code: number): Metric | undefined {
  return METRICS.find(name => METRICS_BY_NAME[name].code === code)
}

/** Throws VecError VEC_OPTION unless `given` is the name of a metric. */
export function requireMetric(given: unknown): Metric {
  return knownWord('metric', given, METRICS, METRIC_NAMES)
}
