import { name } from './checks.ts'
import { Poison, dimensionOf, type SyncDocument } from './document.ts'

export type ModelPolicy = 'warn' | 'stop' | 'ignore'

/** Holds a dataset to one dimension and watches over its model; the first row with a vector decides both. */
export class VectorGuard {
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

  /** Throws Poison for a row that must not stand beside the others. */
  check(document: SyncDocument): void {
    const dimension = dimensionOf(document)
    if (dimension === undefined) return
    if (this.dimension !== null && dimension !== this.dimension) {
      throw new Poison(
        `document ${JSON.stringify(document.id)} has ${dimension} dimensions, the dataset ${this.dimension}`,
      )
    }
    const { embeddingModel } = document
    if (embeddingModel !== null && this.model !== null && embeddingModel !== this.model) {
      const message = `document ${JSON.stringify(document.id)} was embedded by ${JSON.stringify(embeddingModel)}, dataset ${name(this.#datasetId)} by ${JSON.stringify(this.model)}`
      if (this.#policy === 'stop') throw new Poison(message)
      if (this.#policy === 'warn' && !this.#warned) {
        this.#warned = true
        this.#warn(`${message}: their vectors cannot be compared`)
      }
    }
    this.dimension = dimension
    this.model ??= embeddingModel
  }
}
