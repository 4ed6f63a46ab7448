import { isFiniteVector } from '../../core/embedding.ts'
import type { Metric } from '../../core/metric.ts'
import { visitRows } from '../schema/rows.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import { DimScorer } from './dim-scorer.ts'
import type { TopK } from './top-k.ts'

const BATCH = 256

/** What a scan found beside the rows it scored. */
export interface ScanResult {
  /** The number of scored rows. */
  readonly scored: number
  /** The dimension of the first vector in the dataset; 0 without vectors. */
  readonly dim: number
}

/**
 * Scores every row of a dataset from the table itself. It is right in any snapshot, whatever the state of indexes and
 * journal, and the fastest way if all rows are requested.
 */
export class TableScan {
  readonly #shadow: ShadowTable
  readonly #scorer: DimScorer
  readonly #ends = new Uint32Array(BATCH)
  readonly #rowids = new Float64Array(BATCH)
  #ids = new Uint8Array(BATCH * 16)

  constructor(shadow: ShadowTable, metric: Metric) {
    this.#shadow = shadow
    this.#scorer = new DimScorer(metric)
  }

  /** Adds each row that `accepts` admits. Skips rows with another dimension than the query. */
  run(
    dataset: string,
    query: Float32Array,
    hits: TopK,
    accepts: (similarity: number) => boolean,
  ): ScanResult {
    const dim = query.length
    const scorer = this.#scorer.of(query)
    let firstDim = 0
    let scored = 0
    let waiting = 0
    let used = 0
    let stage = scorer.stage(BATCH)
    let stageBytes = new Uint8Array(stage.buffer, stage.byteOffset, stage.byteLength)
    const flush = (): void => {
      const similarities = scorer.score(waiting)
      for (let i = 0, start = 0; i < waiting; start = this.#ends[i++]) {
        const similarity = similarities[i]
        // NaN marks a row without a score. Most rows stop at the threshold.
        if (!(similarity >= hits.threshold) || !accepts(similarity)) continue
        hits.add(similarity, this.#ids.subarray(start, this.#ends[i]), this.#rowids[i])
      }
      scored += waiting
      waiting = 0
      used = 0
      stage = scorer.stage(BATCH)
      stageBytes = new Uint8Array(stage.buffer, stage.byteOffset, stage.byteLength)
    }
    visitRows(this.#shadow, dataset, (id, embedding, rowid) => {
      if (embedding.length !== dim * 4) {
        if (firstDim === 0) firstDim = finiteDim(embedding)
        return
      }
      const at = waiting * dim
      stageBytes.set(embedding, at * 4)
      if (!isFiniteVector(stage.subarray(at, at + dim))) return
      if (firstDim === 0) firstDim = dim
      if (used + id.length > this.#ids.length) this.#growIds(used + id.length)
      this.#ids.set(id, used)
      used += id.length
      this.#ends[waiting] = used
      this.#rowids[waiting] = rowid()
      if (++waiting === BATCH) flush()
    })
    flush()
    return { scored, dim: firstDim }
  }

  dispose(): void {
    this.#scorer.dispose()
  }

  #growIds(bytes: number): void {
    const ids = new Uint8Array(Math.max(bytes, this.#ids.length * 2))
    ids.set(this.#ids)
    this.#ids = ids
  }
}

function finiteDim(embedding: Uint8Array): number {
  const copy = embedding.slice()
  return isFiniteVector(new Float32Array(copy.buffer)) ? copy.length / 4 : 0
}
