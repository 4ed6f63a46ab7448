import type { InMemoryVectors, IndexSection } from '../../vector-index.ts'
import type { RowBlock } from './row-block.ts'

/** How an exact index keeps its rows: int8 codes with error bounds, or the floats themselves. */
export interface Rows {
  /** Where they are, and how many. */
  readonly block: RowBlock
  /** Only where the floats themselves are kept. */
  readonly inMemoryVectors: InMemoryVectors | undefined

  /** Takes over the first `rows` staged vectors. */
  commit(rows: number): void
  /** The row can never be a result again. */
  remove(position: number): void
  isLive(position: number): boolean
  /** Whether two positions hold the same bytes. */
  same(one: number, other: number): boolean
  /** The last row goes to a removed position. */
  swapRemove(to: number): void

  /** False when nothing can be found: a directional metric with a query of length 0. */
  setQuery(query: Float32Array): boolean
  /**
   * Results among from..to-1, at most MAX_RESULTS rows, written to RESULTS: each row whose upper bound reaches `least` and
   * whose lower bound does not pass `most`. `allowed`: where the bitmap words of from..to-1 are, 0 when all may be returned.
   */
  scan(from: number, to: number, least: number, most: number, allowed: number): number

  sections(): IndexSection[]
  /** Takes over the saved section of the rows. */
  load(section: IndexSection, positions: number): void
}

/** Marks in a row in the place of an error or a weight, which are never negative. Either is never a result. */
export const REMOVED: number = -Infinity
/** A live row of length 0 under a directional metric. */
export const NOWHERE = -1
