import type { Metric } from '../core/metric.ts'
import type { Candidates, SearchRequest } from './candidates.ts'
import type { Clustering } from './clusters.ts'
import type { IndexSection, StoredSection } from './index-section.ts'
import type { LentRows } from './lent-rows.ts'

export type { Candidates, SearchRequest } from './candidates.ts'
export type { IndexSection, StoredSection } from './index-section.ts'

export type IndexKind = 'exact' | 'cover'

/**
 * An index over vectors that are identified by position: 0, 1, 2, ... in the order of insertion. The caller decides
 * which document a position refers to. A removed position stays a tombstone until `swapRemove` fills it. All vectors
 * have the same dimension and finite numbers; the caller checks that.
 *
 * A feature of only some kinds is a capability: a member that is undefined on other kinds.
 */
export interface VectorIndex {
  readonly kind: IndexKind
  readonly metric: Metric
  /** The dimension of the vectors. */
  readonly dim: number
  /** The number of positions assigned so far, including tombstones. */
  readonly positions: number
  /** The number of live positions. */
  readonly count: number
  /** The memory it uses, in bytes. */
  readonly bytes: number
  /** Whether rebuilding the index takes longer than reading it from a file. */
  readonly worthSaving: boolean

  /** Adds vectors, row-major, and returns the position of the first. */
  add(vectors: Float32Array): number
  /**
   * A staging buffer for `rows` vectors, row-major float32, at most MAX_STAGED_ROWS. The caller fills it before
   * `commit(rows)`: this is `add` without a copy. It is a view, invalid after the next call of any method.
   */
  stagingBuffer(rows: number): Float32Array
  /** Adds the first `rows` staged vectors and returns the position of the first. */
  commit(rows: number): number
  /**
   * Announces that no more rows follow for now, so that deferred work is done, as a search does. Undefined: no work is
   * deferred.
   */
  readonly complete?: (() => void) | undefined
  /** Makes a position a tombstone. */
  remove(position: number): void
  isLive(position: number): boolean

  /**
   * Returns every row that can be among the k best, never fewer. That is each live, allowed row whose exact similarity
   * (src/core/similarity.ts) is one of the k highest inside [minSimilarity, maxSimilarity], ties included. The caller
   * scores the rows exactly.
   */
  search(request: SearchRequest): Candidates

  /** Whether a live position holds exactly this vector, as far as the stored form can tell. For checks. */
  holds(position: number, vector: Float32Array): boolean

  /**
   * The parts of a saved index, as views that are invalid after the next call. `restore` of the same kind accepts them.
   */
  save(): IndexImage
  /** Frees the memory. The index cannot be used afterwards. */
  dispose(): void

  /** Undefined while the index keeps only codes, so that a caller has to read vectors elsewhere. */
  readonly inMemoryVectors?: InMemoryVectors | undefined
  /**
   * Moves the live vector at the last position to a tombstone, and removes the last position: this reclaims space.
   * Undefined: this kind cannot do it.
   */
  readonly swapRemove?: ((to: number) => void) | undefined
  /**
   * Makes clusters of the rows, in at most `space` bytes (Infinity unless given), for searches that find most of the nearest
   * rows. Undefined: this kind cannot do it, exact searches take no longer, or the clusters take more.
   */
  readonly clustering?: ((space?: number) => Clustering | undefined) | undefined
  /** Lends the rows to other threads. Undefined: this kind cannot do it. */
  readonly lending?: Lending | undefined
  /** How the index chooses between kinds. Undefined: the kind was requested. */
  readonly strategy?: IndexStrategy | undefined
}

/** The vectors of an index that keeps them in memory. */
export interface InMemoryVectors {
  /** Exact similarity (bit for bit that of src/core/similarity.ts) of a live position for the query of the last search. */
  similarity(position: number): number
  /** The floats of a live position, except for the sign of zeros. A view, invalid after the next call of any method. */
  row(position: number): Float32Array
}

/** An index that chooses the kind that answers faster. */
export interface IndexStrategy {
  /** Why it chose its kind: one sentence, with numbers. */
  readonly reason: string
  /**
   * Decides whether another kind would answer faster, and changes to it if possible; a search does so too. If the index
   * lacks the floats for that, it returns an empty index of the other kind. A caller that has the floats fills it with
   * the live rows, and uses it instead.
   */
  choose(): VectorIndex | undefined
}

/** `VectorIndex.add` through the staging buffer. */
export function addVectors(index: VectorIndex, vectors: Float32Array): number {
  const { dim, positions } = index
  if (vectors.length % dim !== 0) {
    throw new RangeError(`${vectors.length} numbers are not a multiple of the dimension, ${dim}`)
  }
  const most = stagedRows(dim) * dim
  for (let at = 0; at < vectors.length; at += most) {
    const batch = vectors.subarray(at, at + most)
    index.stagingBuffer(batch.length / dim).set(batch)
    index.commit(batch.length / dim)
  }
  return positions
}

export const MAX_STAGED_ROWS = 1024

const STAGED_BYTES = 1 << 19
/** Rows are stored in groups of this many. */
const GROUP = 32

/**
 * The number of rows to stage at once: as many as are fast to add, in a buffer that is small beside the index. It takes
 * the buffer's memory as long as it lives.
 */
export function stagedRows(dim: number): number {
  const rows = Math.floor(STAGED_BYTES / (dim * 4))
  return Math.max(1, Math.min(MAX_STAGED_ROWS, rows < GROUP ? rows : rows - (rows % GROUP)))
}

/**
 * An index with at most this many bytes of floats is small: it may keep them, and building it is faster than reading
 * it.
 */
export const SMALL_INDEX: number = 1 << 20

/** A saved index: a few numbers and named byte sections. */
export interface IndexImage {
  readonly kind: IndexKind
  readonly metric: Metric
  readonly dim: number
  readonly positions: number
  readonly count: number
  readonly sections: readonly IndexSection[]
  /** A note that the index wants to save beside its rows. */
  readonly note?: string
  /** Rows in the memory of another thread, in place of their section. */
  readonly lent?: LentRows | undefined
}

/** Lends the rows of an index to other threads of the process. */
export interface Lending {
  /** Whether other threads may read the rows. */
  readonly isLent: boolean
  /** How many of these rows, or beside them, this thread has added or removed since. */
  readonly changes: number
  /**
   * Lends the rows, with the changes so far, and returns an image that `restore` accepts in other threads. Lent rows never
   * change: each thread keeps its changes beside them. Undefined: there is no memory for that.
   */
  lend(): IndexImage | undefined
}

export function sectionLength(section: IndexSection | StoredSection): number {
  return 'copyInto' in section ? section.length : section.bytes.length
}

export function copySection(section: IndexSection | StoredSection, to: Uint8Array): void {
  if ('copyInto' in section) section.copyInto(to)
  else to.set(section.bytes)
}
