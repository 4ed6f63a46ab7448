import type { IdList } from './id-list.ts'

/** A persisted index of the original, taken apart. Rows are in the order of the bytes. */
export type OriginalIndex = OriginalBrute | OriginalCover

/** Both formats: row i has id `ids.bytes(i)` and the numbers `vectors[i * dim .. (i + 1) * dim]`. */
export interface OriginalRows {
  /** Numbers in a vector; 0 without rows. */
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
  /** No rule holds between a node's level and its parent's. */
  readonly levels: Int32Array
  /** Euclidean lengths in float32 arithmetic, as stored. */
  readonly magnitudes: Float32Array
  /** Row of the parent, -1 for the root. */
  readonly parents: Int32Array
  readonly childCounts: Uint32Array
}
