import type { SearchFilter } from './search-filter.ts'
import type { TopK } from './top-k.ts'

export interface Search {
  readonly dataset: string
  readonly query: Float32Array
  /** Rows wanted; Infinity for all. */
  readonly limit: number
  /** More rows may be wanted later: a way that looks at all rows anyway answers with all of them. */
  readonly more?: boolean
  /** No row outside is accepted; a range a little too wide does no harm. */
  readonly minSimilarity: number
  readonly maxSimilarity: number
  /** The exact condition. */
  accepts(this: void, similarity: number): boolean
  /** Only these documents. */
  readonly ids: readonly Uint8Array[] | undefined
  /** Only rows that pass. */
  readonly filter?: SearchFilter | undefined
}

/** What a search found, nearest first, and how. */
export interface Answer {
  readonly hits: TopK
  /** The limit to ask with for more rows, Infinity for all; undefined: there are no more. */
  readonly next: number | undefined
  readonly report: SearchReport
}

/** How a search was answered. */
export interface SearchReport {
  /** From an index, from the whole table, or from the rows of given ids. */
  readonly path: 'index' | 'table' | 'keys' | 'nothing'
  /** Rows whose bound was computed. */
  readonly visited: number
  /** Rows whose bound reached the best: what the index could not rule out. */
  readonly candidates: number
  /** Rows scored exactly. */
  readonly rescored: number
  /** Changed rows of the open transaction that were looked at beside the index. */
  readonly delta: number
}
