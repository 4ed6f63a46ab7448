import { searchTogether } from '../../index/search-batch.ts'
import type { BatchRequest, SearchBatch } from '../../index/search-batch.ts'
import type { Candidates, SearchRequest, VectorIndex } from '../../index/vector-index.ts'

/**
 * Searches that differ in their queries alone, and run in order in one snapshot. The index does their scans together, as
 * soon as the first of them asks for candidates.
 */
export class Together {
  readonly #queries: readonly Float32Array[]
  /** The number of the next search. */
  #next = 0
  #batch: SearchBatch | undefined
  /** The first search of the batch, and what it was begun for. */
  #first = 0
  #index: VectorIndex | undefined
  #request: BatchRequest | undefined
  #isOff = false

  constructor(queries: readonly Float32Array[]) {
    this.#queries = queries
  }

  /** The candidates of a search; undefined: it has to be searched alone. */
  candidates(index: VectorIndex, request: SearchRequest): Candidates | undefined {
    const at = this.#queries.indexOf(request.query, this.#next)
    if (this.#isOff || at < 0) return undefined
    this.#next = at + 1
    if (this.#batch && at >= this.#first + this.#batch.count) this.#close()
    if (!this.#batch) {
      const { query: _, ...conditions } = request
      this.#request = { ...conditions, queries: this.#queries.slice(at) }
      this.#index = index
      this.#first = at
      this.#batch = searchTogether(index, this.#request)
    }
    if (this.#batch && this.#index === index && sameConditions(this.#request!, request)) {
      return this.#batch.candidates(at - this.#first)
    }
    // The others would not be alike either.
    this.end()
    return undefined
  }

  /** The index changes, or no more searches follow. */
  end(): void {
    this.#isOff = true
    this.#close()
  }

  #close(): void {
    this.#batch?.end()
    this.#batch = undefined
  }
}

function sameConditions(one: BatchRequest, other: SearchRequest): boolean {
  return (
    one.k === other.k &&
    one.minSimilarity === other.minSimilarity &&
    one.maxSimilarity === other.maxSimilarity &&
    sameWords(one.allowed, other.allowed)
  )
}

function sameWords(one: Uint32Array | undefined, other: Uint32Array | undefined): boolean {
  if (one === other || !one || !other) return one === other
  return one.length === other.length && one.every((word, i) => word === other[i])
}
