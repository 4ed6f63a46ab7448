/** The name of a metric, as options, files and messages have it. */
export type Metric = 'cosine' | 'euclidean' | 'dot' | 'manhattan'

/** What a scan computes of a row: a dot product (of directions, where the metric is directional), or a distance. */
export type ScanForm = 'dot' | 'euclidean' | 'manhattan'

/** What a scan can judge by the first codes of a row. */
export type HeadForm = 'dot' | 'euclidean'

/** What the exact kernels compute of a row. */
export type ScoreForm = 'cosine' | 'dot' | 'euclidean' | 'manhattan'

/** A metric space, in which the triangle inequality holds: chords between directions, straight lines, or sums along axes. */
export type MetricSpace = 'chord' | 'euclidean' | 'manhattan'

/** A metric: all that the rest of the library needs to know of it. A new one is one file beside this one, and its kernels. */
export interface MetricDefinition {
  readonly name: Metric
  /** Other names people give it. */
  readonly aliases: readonly string[]
  /** Its number in saved indexes, for ever. */
  readonly code: number
  /** The kernels it needs. Without `heads` int8 rows stay whole. */
  readonly kernels: {
    readonly scan: ScanForm
    readonly heads: HeadForm | undefined
    readonly score: ScoreForm
  }
  /** It compares only directions: a vector of length zero lacks a similarity, and as a query finds nothing. */
  readonly directional: boolean
  /** The space in which rows lie, so that a cover tree can serve the metric; undefined: no triangle inequality holds. */
  readonly space: MetricSpace | undefined
  /** Where similarities lie, though rounding may leave the range by a hair. */
  readonly range: { readonly least: number; readonly most: number }
  /** Whether rows of different similarity may have one score, or one distance, because 1 was added or taken away. */
  readonly rounds: { readonly score: boolean; readonly distance: boolean }
  /**
   * What searches rank by, higher is nearer. Double arithmetic over float32 numbers, sums in index order, not clamped
   * (1.0000000000000002 can occur): every faster way must agree to the bit. NaN where the metric knows none.
   */
  similarity(this: void, query: Float32Array, row: Float32Array): number
  /** The `match_score` of a similarity, and back, but for rounding. */
  score(this: void, similarity: number): number
  fromScore(this: void, score: number): number
  /** The `distance` of a similarity, and back, but for rounding. */
  distance(this: void, similarity: number): number
  fromDistance(this: void, distance: number): number
}

export const EVERYWHERE: MetricDefinition['range'] = { least: -Infinity, most: Infinity }
