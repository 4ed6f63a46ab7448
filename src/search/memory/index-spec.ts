import type { Metric } from '../../core/metric.ts'
import type { IndexImage, VectorIndex } from '../../index/vector-index.ts'

/** How the indexes of a table are built: the options of its vec table. */
export interface IndexSpec {
  readonly metric: Metric
  /** Identifies everything that makes two indexes of the same rows differ. */
  readonly id: string
  /** Why its indexes are of their kind, if they do not tell. */
  readonly why: string
  create(dim: number, expectedRows: number): VectorIndex
  /** Restores an index from its saved form; throws for any other image. */
  restore(image: IndexImage): VectorIndex
}
