import type { Candidates, SearchRequest } from './candidates.ts'
import type { VectorIndex } from './vector-index.ts'

/** Searches that differ in their queries alone. */
export interface BatchRequest extends Omit<SearchRequest, 'query'> {
  readonly queries: readonly Float32Array[]
}

/** Searches that were begun together. Nothing may change the index until `end`. */
export interface SearchBatch {
  /** The number of searches: those of the first queries. */
  readonly count: number
  /** What `search` would return for a query. */
  candidates(query: number): Candidates
  end(): void
}

/** An index whose searches take less time together. */
export interface BatchIndex extends VectorIndex {
  /** Begins several searches; undefined where they would not take less time. */
  searchTogether(request: BatchRequest): SearchBatch | undefined
}

/** Begins several searches of an index; undefined where that saves nothing. */
export function searchTogether(index: VectorIndex, request: BatchRequest): SearchBatch | undefined {
  return 'searchTogether' in index ? (index as BatchIndex).searchTogether(request) : undefined
}
