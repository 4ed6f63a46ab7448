import type { Metric } from '../core/metric.ts'
import type { IndexImage, IndexKind, VectorIndex } from './vector-index.ts'

/** The values of the option `index` of a vec table. */
export type IndexOption = 'auto' | 'brute' | 'cover'

/** The options of a vec table that concern its indexes. */
export interface KindOptions {
  readonly metric: Metric
  /** For cover trees. */
  readonly base: number
  readonly bound: 'per_node' | 'level'
}

/**
 * A kind of index: how an index is created and restored. A new kind is a folder in kinds/, with an entry in kinds.ts.
 */
export interface Kind {
  /**
   * Identifies everything that makes two indexes of the same rows differ. Saved indexes contain it, so it never
   * changes.
   */
  key(this: void, options: KindOptions): string
  /** Why an index is of this kind, if the index itself does not tell. */
  reason(this: void, options: KindOptions): string
  /** Why the kind does not support a metric; undefined if it does. */
  refusal(this: void, metric: Metric): string | undefined
  create(this: void, options: KindOptions, dim: number, expectedRows: number): VectorIndex
  /** Restores an index from its saved form; throws for any other image. */
  restore(this: void, image: IndexImage, options: KindOptions): VectorIndex
}

/** A kind that saved indexes can have. */
export interface SavedKind extends Kind {
  readonly name: IndexKind
  /** Its number in saved indexes. It never changes. */
  readonly code: number
  /** What answers a query, in words. */
  readonly label: string
}
