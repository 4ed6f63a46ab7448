/** The name of a metric in options, files and messages. */
export type Metric = 'cosine' | 'euclidean' | 'dot' | 'manhattan'

/** What a scan computes for a row: a dot product (of directions, for a directional metric), or a distance. */
export type ScanForm = 'dot' | 'euclidean' | 'manhattan'

/** What a scan can compute from the first codes of a row. */
export type HeadForm = 'dot' | 'euclidean'

/** What the exact kernels compute for a row. */
export type ScoreForm = 'cosine' | 'dot' | 'euclidean' | 'manhattan'

/** A metric space, in which the triangle inequality holds: chords between directions, straight lines, or sums along axes. */
export type MetricSpace = 'chord' | 'euclidean' | 'manhattan'

/**
 * A metric: everything that other code needs to know about it. A new metric is one file beside this one, and its
 * kernels.
 */
export interface MetricDefinition {
  readonly name: Metric
  /** Other names that users may write. */
  readonly aliases: readonly string[]
  /** The code of the metric in saved indexes. It never changes. */
  readonly code: number
  /** The kernels that the metric needs. Without `heads`, int8 rows are stored in one piece. */
  readonly kernels: {
    readonly scan: ScanForm
    readonly heads: HeadForm | undefined
    readonly score: ScoreForm
  }
  /** The metric compares only directions. A vector of length zero lacks a similarity, and finds nothing as a query. */
  readonly directional: boolean
  /**
   * The metric space of the rows, so that a cover tree can serve the metric; undefined without a triangle inequality.
   */
  readonly space: MetricSpace | undefined
  /** The range of similarities. Rounding may exceed it very slightly. */
  readonly range: { readonly least: number; readonly most: number }
  /** Whether rows of different similarity may have the same score, or distance, because 1 was added or subtracted. */
  readonly rounds: { readonly score: boolean; readonly distance: boolean }
  /**
   * The value that searches rank by; higher is nearer. Computed in double arithmetic over float32 numbers, with sums in
   * index order, and not clamped (1.0000000000000002 can occur). Every faster way must agree to the bit. NaN where the
   * metric is undefined.
   */
  similarity(this: void, query: Float32Array, row: Float32Array): number
  /** Converts a similarity to its `match_score`, and back, except for rounding. */
  score(this: void, similarity: number): number
  fromScore(this: void, score: number): number
  /** Converts a similarity to its `distance`, and back, except for rounding. */
  distance(this: void, similarity: number): number
  fromDistance(this: void, distance: number): number
}

export const EVERYWHERE: MetricDefinition['range'] = { least: -Infinity, most: Infinity }
