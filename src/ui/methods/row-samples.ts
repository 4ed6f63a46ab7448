import { similarityToDistance } from '../../core/similarity.ts'
import { createExactIndex, type VectorIndex } from '../../entries/indexes.ts'
import { NOWHERE, type NearestOfSample, type RowSample } from '../contract.ts'
import type { Dataset } from '../dataset.ts'
import { SourceError } from '../source-error.ts'

/** Samples that are kept: each page that shows a file uses one at a time. */
const MOST_SAMPLES = 4

/** Samples of rows, each with an index that finds the nearest of them. */
export class RowSamples {
  readonly #kept = new Map<number, VectorIndex>()
  #last = 0

  keep(dataset: Dataset, wanted: readonly number[]): RowSample {
    const { dim } = dataset
    const index = createExactIndex({
      metric: 'euclidean',
      dim: Math.max(1, dim),
      expectedRows: wanted.length,
      keepsVectors: true,
    })
    const rows: number[] = []
    if (dim > 0) {
      dataset.someVectors(wanted, dim, (vector, row) => {
        if (!dataset.prepare(vector)) return
        index.add(vector)
        rows.push(row)
      })
    }
    const id = ++this.#last
    this.#kept.set(id, index)
    for (const [oldest, old] of this.#kept) {
      if (this.#kept.size <= MOST_SAMPLES) break
      this.#kept.delete(oldest)
      old.dispose()
    }
    return { id, rows: Float64Array.from(rows) }
  }

  nearest(dataset: Dataset, id: number, rows: readonly number[], wanted: number): NearestOfSample {
    const index = this.#kept.get(id)
    if (index === undefined)
      throw new SourceError('UI_SAMPLE', 'this sample is not kept any more', 'take it again')
    const k = Math.min(wanted, index.count)
    const neighbors = new Uint32Array(rows.length * k).fill(NOWHERE)
    const distances = new Float32Array(rows.length * k)
    const placeOf = new Map(rows.map((row, i) => [row, i]))
    dataset.someVectors(rows, index.dim, (vector, row) => {
      if (!dataset.prepare(vector)) return
      const { count, positions } = index.search({ query: vector, k })
      const found = Array.from(positions.subarray(0, count), position => ({
        position,
        similarity: index.inMemoryVectors!.similarity(position),
      }))
        .toSorted((a, b) => b.similarity - a.similarity || a.position - b.position)
        .slice(0, k)
      const first = placeOf.get(row)! * k
      for (const [i, { position, similarity }] of found.entries()) {
        neighbors[first + i] = position
        distances[first + i] = similarityToDistance('euclidean', similarity)
      }
    })
    return { k, neighbors, distances }
  }
}
