import type { Metric } from '../core/metric.ts'
import type { IndexImage, IndexKind, VectorIndex } from './vector-index.ts'

/** What `index=` of a vec table may name. */
export type IndexOption = 'auto' | 'brute' | 'cover'

/** What a vec table says of its indexes. */
export interface KindOptions {
  readonly metric: Metric
  /** Of cover trees. */
  readonly base: number
  readonly bound: 'per_node' | 'level'
}

/** A kind of index: how one is made and restored. A new one is one folder in kinds/, entered in kinds.ts. */
export interface Kind {
  /** What names everything that makes two indexes of the same rows differ; saved indexes bear it for ever. */
  key(this: void, options: KindOptions): string
  /** Why an index is of this kind, where it does not tell itself. */
  reason(this: void, options: KindOptions): string
  /** Why it cannot serve a metric; undefined where it can. */
  refusal(this: void, metric: Metric): string | undefined
  create(this: void, options: KindOptions, dim: number, expectedRows: number): VectorIndex
  /** An index from its saved form; throws for anything else. */
  restore(this: void, image: IndexImage, options: KindOptions): VectorIndex
}

/** A kind that a saved index is of. */
export interface SavedKind extends Kind {
  readonly name: IndexKind
  /** Its number in saved indexes, for ever. */
  readonly code: number
  /** What answers, in words. */
  readonly label: string
}
