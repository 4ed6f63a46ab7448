import type { IdList } from './id-list.ts'

/** A decoded index of the original. Rows are in the order of the bytes. */
export type OriginalIndex = OriginalBrute | OriginalCover

/** In both formats, row i has id `ids.bytes(i)` and the numbers `vectors[i * dim .. (i + 1) * dim]`. */
export interface OriginalRows {
  /** Numbers per vector; 0 without rows. */
  readonly dim: number
  readonly ids: IdList
  readonly vectors: Float32Array
}

/** The legacy layout: a list, always compared by cosine. */
export interface OriginalBrute extends OriginalRows {
  readonly kind: 'brute'
}

export type OriginalKind = OriginalIndex['kind']

export type OriginalDistance = 'cosine' | 'euclidean'

/** `COV1`: rows are nodes in preorder, a parent before its children, children in stored order. */
export interface OriginalCover extends OriginalRows {
  readonly kind: 'cover'
  /** As stored; may be NaN or below 1. */
  readonly base: number
  readonly distance: OriginalDistance
  /** Levels as stored. No rule relates a node's level to its parent's. */
  readonly levels: Int32Array
  /** Euclidean lengths in float32 arithmetic, as stored. */
  readonly magnitudes: Float32Array
  /** The row of the parent; -1 for the root. */
  readonly parents: Int32Array
  readonly childCounts: Uint32Array
}
