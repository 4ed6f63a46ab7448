import { createRowScorer, type RowScorer } from '../../accelerators/row-scorer.ts'
import type { Metric } from '../../core/metric.ts'

/** A row scorer for vectors of the dimension that was asked for last. */
export class DimScorer {
  readonly #metric: Metric
  #scorer: RowScorer | undefined
  #dim = 0

  constructor(metric: Metric) {
    this.#metric = metric
  }

  /** A scorer of rows for this query. */
  of(query: Float32Array): RowScorer {
    if (!this.#scorer || this.#dim !== query.length) {
      this.dispose()
      this.#dim = query.length
      this.#scorer = createRowScorer(this.#metric, query.length)
    }
    this.#scorer.setQuery(query)
    return this.#scorer
  }

  dispose(): void {
    this.#scorer?.dispose()
    this.#scorer = undefined
  }
}
