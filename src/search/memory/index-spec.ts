import type { Metric } from '../../core/metric.ts'
import type { IndexImage, VectorIndex } from '../../index/vector-index.ts'

/** How the indexes of a table are made: the options of its vec table. */
export interface IndexSpec {
  readonly metric: Metric
  /** Names everything that makes two indexes of the same rows differ. */
  readonly id: string
  /** Why its indexes are of their kind, where they do not tell. */
  readonly why: string
  create(dim: number, expectedRows: number): VectorIndex
  /** An index from its saved form; throws for anything else. */
  restore(image: IndexImage): VectorIndex
}
