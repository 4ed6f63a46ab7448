import type { DataSet } from '../data/sets.ts'
import { queryOf } from '../data/sets.ts'

/** Cosine of every row with a query: plain JavaScript, double precision, sums in index order. */
export class Oracle {
  readonly #set: DataSet
  readonly #lengths: Float64Array

  constructor(set: DataSet) {
    this.#set = set
    const { rows, dim, ids } = set
    this.#lengths = Float64Array.from(ids, (_, i) => lengthOf(rows, i * dim, dim))
  }

  /** Ids of the k nearest rows, equal ones in byte order of their ids. */
  nearest(query: number, k: number): string[] {
    const { rows, dim, ids } = this.#set
    const vector = queryOf(this.#set, query)
    const length = lengthOf(vector, 0, dim)
    const best: { readonly id: string; readonly score: number }[] = []
    for (let i = 0; i < ids.length; i++) {
      let sum = 0
      for (let j = 0, at = i * dim; j < dim; j++, at++) sum += vector[j] * rows[at]
      const score = sum / (length * this.#lengths[i])
      const worst = best.at(-1)
      if (best.length === k && worst && score < worst.score) continue
      const found = { id: ids[i], score }
      let place = best.length
      while (place > 0 && precedes(found, best[place - 1])) place--
      best.splice(place, 0, found)
      if (best.length > k) best.pop()
    }
    return best.map(({ id }) => id)
  }
}

function precedes(
  a: { readonly id: string; readonly score: number },
  b: { readonly id: string; readonly score: number },
): boolean {
  if (a.score !== b.score) return a.score > b.score
  return Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)) < 0
}

function lengthOf(rows: Float32Array, at: number, dim: number): number {
  let sum = 0
  for (let i = at; i < at + dim; i++) sum += rows[i] * rows[i]
  return Math.sqrt(sum)
}
