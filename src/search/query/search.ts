import type { GivenIds } from '../../core/id-list.ts'
import type { Promised } from '../../index/clusters.ts'
import type { SearchFilter } from './search-filter.ts'
import type { TopK } from './top-k.ts'

export interface Search {
  readonly dataset: string
  readonly query: Float32Array
  /** The number of requested rows; Infinity for all. */
  readonly limit: number
  /** Whether more rows may be requested later. A search that reads all rows anyway then returns all of them. */
  readonly more?: boolean
  /** No row outside of this range is accepted. The range may be slightly too wide. */
  readonly minSimilarity: number
  readonly maxSimilarity: number
  /** The exact condition. */
  accepts(this: void, similarity: number): boolean
  /** Only these documents. */
  readonly ids: GivenIds | undefined
  /** Only rows that match. */
  readonly filter?: SearchFilter | undefined
  /** The share of the nearest rows that has to be found, on average; undefined: what the table says. */
  readonly recall?: number | undefined
}

/** The members of a search without conditions: all rows are accepted. */
export const UNCONDITIONAL: Pick<Search, 'minSimilarity' | 'maxSimilarity' | 'accepts' | 'ids'> = {
  minSimilarity: -Infinity,
  maxSimilarity: Infinity,
  accepts: () => true,
  ids: undefined,
}

/** The result of a search, nearest first, and how it was found. */
export interface Answer {
  readonly hits: TopK
  /** The limit for the next request, Infinity for all rows; undefined if there are no more. */
  readonly next: number | undefined
  readonly report: SearchReport
}

/** How a search was answered. */
export interface SearchReport {
  /** From an index, from the whole table, or from the rows of given ids. */
  readonly path: 'index' | 'table' | 'keys' | 'nothing'
  /** The number of rows whose bound was computed. */
  readonly visited: number
  /** The number of rows whose bound reached the best: those the index could not rule out. */
  readonly candidates: number
  /** The number of rows scored exactly. */
  readonly rescored: number
  /** The number of rows changed by the open transaction, which were read beside the index. */
  readonly delta: number
  /** The promise of recall that the search was answered with; undefined: exactly. */
  readonly promised?: Promised | undefined
  /** The clusters that an exact search visited, of how many; undefined: it skipped none. */
  readonly clusters?: { readonly visited: number; readonly of: number } | undefined
}
