export interface SearchRequest {
  /** `dim` finite numbers; for cosine, with a length above 0. */
  readonly query: Float32Array
  /** The number of rows to return, at least 1. */
  readonly k: number
  /** Bit p % 32 of word p / 32 allows position p. At least positions / 32 words. Absent: all positions are allowed. */
  readonly allowed?: Uint32Array | undefined
  /** Restricts the result to rows whose similarity may lie in [minSimilarity, maxSimilarity]. */
  readonly minSimilarity?: number | undefined
  readonly maxSimilarity?: number | undefined
}

/**
 * Candidates, best upper bound first. A skipped row that is live, allowed and in range has a similarity at or below
 * every upper bound in the list, so a caller that stops at a bound misses nothing. The next search reuses the arrays.
 */
export interface Candidates {
  readonly count: number
  readonly positions: Uint32Array
  /** At least the exact similarity of each row. */
  readonly upper: Float64Array
  /** The number of rows whose bound was computed: the cost of the search. */
  readonly visited: number
}
