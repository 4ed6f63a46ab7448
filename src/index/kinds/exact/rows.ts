import type { InMemoryVectors, IndexSection } from '../../vector-index.ts'
import type { RowBlock } from './row-block.ts'
import type { RowScan } from './row-scan.ts'

/** The form of an exact index's rows: int8 codes with error bounds, or the floats themselves. */
export interface Rows {
  /** The memory and the number of the rows. */
  readonly block: RowBlock
  /** Defined only if the floats themselves are kept. */
  readonly inMemoryVectors: InMemoryVectors | undefined
  /** How other threads scan them, once the query is set. Undefined: they cannot. */
  readonly rowScan: RowScan | undefined

  /** Takes the first `rows` staged vectors. */
  commit(rows: number): void
  /** Marks a row so that it is never a result again. */
  remove(position: number): void
  isLive(position: number): boolean
  countLive(): number
  /** Whether two positions hold the same bytes. */
  same(one: number, other: number): boolean
  /** Moves the last row to a removed position. */
  swapRemove(to: number): void

  /** Returns false when nothing can be found: for a directional metric with a query of length 0. */
  setQuery(query: Float32Array): boolean
  /**
   * Writes to RESULTS the rows among from..to-1 (at most MAX_RESULTS rows) whose upper bound is at least `least` and
   * whose lower bound is at most `most`. `allowed`: the address of the bitmap words of from..to-1, or 0 if all rows are
   * allowed.
   */
  scan(from: number, to: number, least: number, most: number, allowed: number): number

  sections(): IndexSection[]
  /** Loads the saved section of the rows. */
  load(section: IndexSection, positions: number): void
}

/** Rows as int8 codes, which tell the vectors roughly. */
export interface CodedRows extends Rows {
  readonly inMemoryVectors: undefined
  readonly rowScan: RowScan
  /** The last query in the coordinates of the rows. A view, invalid after the next call. */
  readonly asked: ArrayLike<number>
  /** Writes a vector as its codes tell it, in the coordinates of the rows; its direction under a directional metric. */
  decode(position: number, to: Float32Array): void
  /** How far a vector may be from what `decode` writes: the error r of docs/exact-index.md, or REMOVED, or NOWHERE. */
  errorOf(position: number): number
  /** `setQuery` for a vector that `decode` wrote. */
  setDecodedQuery(vector: Float32Array): boolean
  /** Empty rows of the same form. */
  like(expectedRows: number): CodedRows
  /** Adds rows that are never a result, to be overwritten. */
  addRemoved(count: number): void
  /** Overwrites a row with one of rows of the same form. */
  copyRow(from: CodedRows, position: number, to: number): void
}

export function areCoded(rows: Rows): rows is CodedRows {
  return rows.inMemoryVectors === undefined
}

/** Marks in place of a row's error or weight, which is never negative. A marked row is never a result. */
export const REMOVED: number = -Infinity
/** A live row of length 0 under a directional metric. */
export const NOWHERE = -1

/** How many of `count` rows are live, by the marks at `at`, `at + step`, and so on. */
export function countLive(
  marks: Float32Array | Float64Array,
  at: number,
  step: number,
  count: number,
): number {
  let live = 0
  for (let row = 0, mark = at; row < count; row++, mark += step) {
    if (marks[mark] !== REMOVED) live++
  }
  return live
}
