import { name } from './checks.ts'
import { Rejection, dimensionOf, type SyncDocument } from './document.ts'

export type ModelPolicy = 'warn' | 'stop' | 'ignore'

/**
 * Holds a dataset to one dimension, and compares its models. The first row with a vector decides both, and the
 * decision is stored with the checkpoint.
 *
 * Writes to a vec table follow another rule (search/schema/dataset-dimension.ts): the first visible vector in file
 * order decides, and a row that is replaced does not count. Here the decision must depend only on the log:
 * - The order of rows in a file differs between replicas, and before and after a bootstrap. By file order, an entry
 *   applied on one replica could be refused on another, or on the same one after a restart.
 * - Archived rows count. Otherwise the entry that makes a row visible again would be refused, although it changes no
 *   vector.
 * - Replaced rows count. Otherwise a dataset could change its dimension row by row, and searches of the replica would
 *   lose the rows that are not yet rewritten. A new dimension needs a new copy: `rebootstrap` forgets the decision.
 */
export class DimensionPolicy {
  readonly #datasetId: string
  readonly #policy: ModelPolicy
  readonly #warn: (message: string) => void
  #warned = false
  dimension: number | null
  model: string | null

  constructor(
    datasetId: string,
    dimension: number | null,
    model: string | null,
    policy: ModelPolicy,
    warn: (message: string) => void,
  ) {
    this.#datasetId = datasetId
    this.#policy = policy
    this.#warn = warn
    this.dimension = dimension
    this.model = model
  }

  /** Throws Rejection for a row that does not match the others. */
  check(document: SyncDocument): void {
    const dimension = dimensionOf(document)
    if (dimension === undefined) return
    if (this.dimension !== null && dimension !== this.dimension) {
      throw new Rejection(
        `document ${JSON.stringify(document.id)} has ${dimension} dimensions, but the dataset has ${this.dimension}`,
      )
    }
    const { embeddingModel } = document
    if (embeddingModel !== null && this.model !== null && embeddingModel !== this.model) {
      const message = `document ${JSON.stringify(document.id)} was embedded by ${JSON.stringify(embeddingModel)}, but dataset ${name(this.#datasetId)} by ${JSON.stringify(this.model)}`
      if (this.#policy === 'stop') throw new Rejection(message)
      if (this.#policy === 'warn' && !this.#warned) {
        this.#warned = true
        this.#warn(`${message}: their vectors cannot be compared`)
      }
    }
    this.dimension = dimension
    this.model ??= embeddingModel
  }
}
