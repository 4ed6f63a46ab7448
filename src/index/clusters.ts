import type { Metric } from '../core/metric.ts'
import type { Candidates, SearchRequest } from './candidates.ts'

/**
 * The rows of an index in groups of near ones: a search visits the groups that are worth it, and finds most of the nearest
 * rows. How many that takes is found out by searching for rows of the index. The index does not know them: its owner tells
 * them of each change.
 */
export interface Clusters {
  /** Memory that they hold, in bytes. */
  readonly bytes: number
  /** How many there are. */
  readonly count: number
  /** Rows in all of them. */
  readonly rows: number
  /** So many rows came or went that new clusters are due. */
  readonly outgrown: boolean
  /** The promises made so far. */
  readonly promises: readonly Promised[]

  /** Takes vectors, row-major, that the index takes at the positions from `first` on. */
  add(vectors: Float32Array, first: number): void
  /** The row of a position is gone. */
  remove(position: number): void
  /** The row of one position is now at another, whose row was removed. */
  move(from: number, to: number): void

  /**
   * How a search for the k best of the allowed rows finds this share of them, on average over queries like the rows.
   * Undefined: only a search of the whole index does, or one that costs no more. `source` is read for a calibration that
   * was not made yet.
   */
  promise(
    recall: number,
    request: Omit<SearchRequest, 'query'>,
    source: () => RowSource,
  ): Promised | undefined
  /**
   * At least k candidates, if there are so many rows, with bounds as an index gives them; but rows of clusters that were not
   * visited are missing. Undefined: the query is unlike the rows, so that the promise says nothing of it.
   */
  search(request: SearchRequest, promised: Promised): Candidates | undefined
  dispose(): void
}

/** How a promise is kept. */
export interface Promised {
  /** The share of the nearest rows that is promised, and of how many: searches for fewer keep it too. */
  readonly recall: number
  readonly k: number
  /** The share that was found in the calibration, and rows that were searched for in it. */
  readonly measured: number
  readonly trials: number
  /** Rows that a search visits on average. */
  readonly visited: number
  /** Scanning all rows takes no longer, and is done. */
  readonly dear: boolean
  readonly limits: Limits
}

/** How far a search goes, and what it must not meet. */
export interface Limits {
  /** Clusters of a larger margin are left out. */
  readonly margin: number
  /** A query whose nearest centroid is farther is unlike the rows. */
  readonly nearest: number
  /** So is one whose k-th row is. */
  readonly least: number
}

/** The vectors of an index that clusters are made of: an index of codes alone does not have them. */
export interface RowSource {
  readonly metric: Metric
  readonly dim: number
  /** Positions of the index, tombstones included. */
  readonly positions: number
  /** Live positions. */
  readonly count: number
  /** The vectors of these positions; those that are gone are left out. A vector is a view: gone after the visit. */
  read(positions: readonly number[], visit: VectorVisitor): void
  /** The vectors of all live positions, in any order. */
  each(visit: VectorVisitor): void
}

export type VectorVisitor = (position: number, vector: Float32Array) => void
