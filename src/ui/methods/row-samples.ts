import { euclidean } from '../../core/similarity.ts'
import { SAVED_KINDS } from '../../index/kinds.ts'
import type { VectorIndex } from '../../index/vector-index.ts'
import { NOWHERE, type NearestOfSample, type RowSample } from '../contract.ts'
import type { Dataset } from '../dataset.ts'
import { SourceError } from '../source-error.ts'

/** Samples that are kept: each page that shows a file uses one at a time. */
const MOST_SAMPLES = 4

/** Those of trees are not used. */
const OPTIONS = { metric: 'euclidean', base: 2, bound: 'per_node' } as const

interface KeptSample {
  readonly index: VectorIndex
  /** The vectors, in the order of the index. */
  readonly vectors: Float32Array
}

/** Samples of rows, each with an index that finds the nearest of them. */
export class RowSamples {
  readonly #kept = new Map<number, KeptSample>()
  #last = 0

  keep(dataset: Dataset, wanted: readonly number[]): RowSample {
    const { dim } = dataset
    const index = SAVED_KINDS.exact.create(OPTIONS, Math.max(1, dim), wanted.length)
    const vectors = new Float32Array(wanted.length * dim)
    const rows: number[] = []
    if (dim > 0) {
      dataset.someVectors(wanted, dim, (vector, row) => {
        if (dataset.prepare(vector)) vectors.set(vector, dim * (rows.push(row) - 1))
      })
      index.add(vectors.subarray(0, rows.length * dim))
    }
    const id = ++this.#last
    this.#kept.set(id, { index, vectors })
    for (const [oldest, old] of this.#kept) {
      if (this.#kept.size <= MOST_SAMPLES) break
      this.#kept.delete(oldest)
      old.index.dispose()
    }
    return { id, rows: Float64Array.from(rows) }
  }

  nearest(dataset: Dataset, id: number, rows: readonly number[], wanted: number): NearestOfSample {
    const sample = this.#kept.get(id)
    if (sample === undefined)
      throw new SourceError('UI_SAMPLE', 'this sample is not kept any more', 'take it again')
    const { index, vectors } = sample
    const { dim } = index
    const k = Math.min(wanted, index.count)
    const neighbors = new Uint32Array(rows.length * k).fill(NOWHERE)
    const distances = new Float32Array(rows.length * k)
    const placeOf = new Map(rows.map((row, i) => [row, i]))
    dataset.someVectors(rows, dim, (vector, row) => {
      if (!dataset.prepare(vector)) return
      const { count, positions } = index.search({ query: vector, k })
      const found = Array.from(positions.subarray(0, count), position => ({
        position,
        distance: euclidean(vector, vectors.subarray(position * dim, (position + 1) * dim)),
      }))
        .toSorted((a, b) => a.distance - b.distance || a.position - b.position)
        .slice(0, k)
      const first = placeOf.get(row)! * k
      for (const [i, { position, distance }] of found.entries()) {
        neighbors[first + i] = position
        distances[first + i] = distance
      }
    })
    return { k, neighbors, distances }
  }
}
