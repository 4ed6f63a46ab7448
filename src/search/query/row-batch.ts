import type { RowScorer } from '../../accelerators/row-scorer.ts'
import { isFiniteVector } from '../../core/embedding.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { RowReader } from '../../database/row-reader.ts'
import { rowOfGuess, rowOfKey } from '../schema/rows.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import { vectorBytes, vectorLength } from '../schema/stored-vector.ts'
import type { RowidGuess } from './rowid-guess.ts'

/** The maximum number of rows that are read at once. */
export const MOST_ROWS = 64

/** The current rows of a few ids, scored together: the kernels take hardly longer for four rows than for one. */
export class RowBatch {
  readonly #shadow: ShadowTable
  /** The staging position of each row's vector; -1 if the row is gone or hidden, or lacks a vector of this dimension. */
  readonly #places = new Int32Array(MOST_ROWS)
  readonly #rowids = new Float64Array(MOST_ROWS)
  readonly #ids: Uint8Array[] = []
  #vectors = new Float32Array(0)
  #bytes = new Uint8Array(0)
  #similarities: Float64Array = new Float64Array(0)

  constructor(shadow: ShadowTable) {
    this.#shadow = shadow
  }

  /** Reads the rows of at most MOST_ROWS ids, which have these positions, and scores them for the scorer's query. */
  read(
    dataset: string,
    ids: readonly Uint8Array[],
    positions: readonly number[],
    guess: RowidGuess,
    dim: number,
    scorer: RowScorer,
  ): void {
    if (this.#vectors.length < ids.length * dim) {
      this.#vectors = new Float32Array(ids.length * dim)
      this.#bytes = new Uint8Array(this.#vectors.buffer)
    }
    let staged = 0
    this.#ids.length = 0
    const shadow = this.#shadow
    const byKey = rowOfKey(shadow)
    const byRowid = rowOfGuess(shadow)
    const { type } = shadow.shape
    for (const [i, id] of ids.entries()) {
      this.#ids.push(id)
      this.#rowids[i] = NaN
      const read = (row: RowReader): boolean => {
        if (vectorLength(type, row, 1) !== dim) return false
        this.#bytes.set(vectorBytes(type, row, 1, dim), staged * dim * 4)
        if (!row.isNull(0)) this.#rowids[i] = row.number(0)
        return isFiniteVector(this.#vectors.subarray(staged * dim, (staged + 1) * dim))
      }
      const key = new Utf8(id)
      const rowid = byRowid === undefined ? undefined : guess.at(positions[i])
      const isVector =
        (rowid === undefined ? undefined : shadow.first(byRowid!, [dataset, key, rowid], read)) ??
        shadow.first(byKey, [dataset, key], read)
      guess.learn(positions[i], this.#rowids[i], rowid)
      this.#places[i] = isVector ? staged++ : -1
    }
    if (staged === 0) return
    // Reading rows may use the kernels, so vectors are staged afterwards.
    scorer.stage(staged).set(this.#vectors.subarray(0, staged * dim))
    this.#similarities = scorer.score(staged)
  }

  isOrphan(i: number): boolean {
    return this.#places[i] < 0
  }

  /** NaN if the row lacks a similarity. */
  similarity(i: number): number {
    return this.#similarities[this.#places[i]]
  }

  id(i: number): Uint8Array {
    return this.#ids[i]
  }

  /** NaN if unknown. */
  rowid(i: number): number {
    return this.#rowids[i]
  }
}
