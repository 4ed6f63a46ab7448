import { createRowScorer, type RowScorer } from '../../accelerators/row-scorer.ts'
import type { Metric } from '../../core/metric.ts'

/** A row scorer for vectors of the most recently requested dimension. */
export class DimScorer {
  readonly #metric: Metric
  #scorer: RowScorer | undefined
  #dim = 0

  constructor(metric: Metric) {
    this.#metric = metric
  }

  /** The scorer of rows, set to this query. */
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
