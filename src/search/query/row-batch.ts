import type { RowScorer } from '../../accelerators/row-scorer.ts'
import { isFiniteVector } from '../../core/embedding.ts'
import { embeddingLength, rowByKey } from '../schema/rows.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'

/** Most rows that are read at once. */
export const MOST_ROWS = 64

/** The present rows of a few ids, scored together: four rows in the kernels take hardly longer than one. */
export class RowBatch {
  readonly #shadow: ShadowTable
  /** Where the vector of each row was staged; -1: gone, hidden, or no vector of this dimension. */
  readonly #places = new Int32Array(MOST_ROWS)
  readonly #rowids = new Float64Array(MOST_ROWS)
  readonly #ids: Uint8Array[] = []
  #vectors = new Float32Array(0)
  #bytes = new Uint8Array(0)
  #similarities: Float64Array = new Float64Array(0)

  constructor(shadow: ShadowTable) {
    this.#shadow = shadow
  }

  /** Reads the rows of at most MOST_ROWS ids and scores them for the query that the scorer was given. */
  read(dataset: string, ids: readonly Uint8Array[], dim: number, scorer: RowScorer): void {
    if (this.#vectors.length < ids.length * dim) {
      this.#vectors = new Float32Array(ids.length * dim)
      this.#bytes = new Uint8Array(this.#vectors.buffer)
    }
    let staged = 0
    this.#ids.length = 0
    for (const [i, id] of ids.entries()) {
      this.#ids.push(id)
      this.#rowids[i] = NaN
      const isVector = rowByKey(this.#shadow, dataset, id, row => {
        if (embeddingLength(row, 1) !== dim * 4) return false
        this.#bytes.set(row.bytes(1), staged * dim * 4)
        if (!row.isNull(0)) this.#rowids[i] = row.number(0)
        return isFiniteVector(this.#vectors.subarray(staged * dim, (staged + 1) * dim))
      })
      this.#places[i] = isVector ? staged++ : -1
    }
    if (staged === 0) return
    // Reading rows may use the kernels: vectors are staged behind it.
    scorer.stage(staged).set(this.#vectors.subarray(0, staged * dim))
    this.#similarities = scorer.score(staged)
  }

  isOrphan(i: number): boolean {
    return this.#places[i] < 0
  }

  /** NaN: it has none. */
  similarity(i: number): number {
    return this.#similarities[this.#places[i]]
  }

  id(i: number): Uint8Array {
    return this.#ids[i]
  }

  /** NaN: not known. */
  rowid(i: number): number {
    return this.#rowids[i]
  }
}
