import type { Arena } from '../../../accelerators/arena.ts'
import type { IndexSection } from '../../vector-index.ts'

/** How an exact index keeps its rows: int8 codes with error bounds, or the floats themselves. */
export interface Rows {
  readonly resident: boolean
  readonly positions: number
  readonly bytes: number
  /** Hits of the last scan are in its HITS. */
  readonly arena: Arena

  stage(rows: number): Float32Array
  append(rows: number): void
  /** The row can never be a hit again. */
  remove(position: number): void
  isLive(position: number): boolean
  /** Whether two positions hold the same bytes. */
  same(one: number, other: number): boolean
  /** The last row goes to a dead position. */
  moveLast(to: number): void

  /** False when nothing can be found: cosine with a query of length 0. */
  setQuery(query: Float32Array): boolean
  /**
   * Hits among from..to-1, at most MAX_HITS rows: each row whose upper bound reaches `least` and whose lower bound does
   * not pass `most`. `allowed`: where the bitmap words of from..to-1 are, 0 when all may be returned.
   */
  scan(from: number, to: number, least: number, most: number, allowed: number): number
  /** Exact; rows that hold floats. */
  similarity(position: number): number
  /** Rows that hold floats: those of a position. A view: gone after the next call. */
  row?(position: number): Float32Array

  section(): IndexSection
  dispose(): void
}

/** Marks in a row where an error or a weight, never negative, would stand. Either is never a hit. */
export const REMOVED: number = -Infinity
/** A live row of length 0 under cosine. */
export const NOWHERE = -1

export function sameBytes(u8: Uint8Array, one: number, other: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (u8[one + i] !== u8[other + i]) return false
  return true
}
