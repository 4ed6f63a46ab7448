import type { Metric } from '../core/metric.ts'

export type IndexKind = 'exact' | 'cover'

/**
 * An index over vectors that are identified by position: 0, 1, 2, ... in the order of insertion. Which document a position
 * refers to is up to the caller. A position that was removed stays a tombstone until `swapRemove` fills it. All
 * vectors have the same dimension and finite numbers; the caller checks that.
 *
 * What only some kinds can do is a capability: a member that is undefined on other kinds.
 */
export interface VectorIndex {
  readonly kind: IndexKind
  readonly metric: Metric
  /** Dimensions of a vector. */
  readonly dim: number
  /** Positions assigned so far, including tombstones. */
  readonly positions: number
  /** Live positions. */
  readonly count: number
  /** Memory it holds, in bytes. */
  readonly bytes: number
  /** Whether rebuilding it takes longer than reading it from a file. */
  readonly worthSaving: boolean

  /** Adds vectors, row-major, and returns the position of the first. */
  add(vectors: Float32Array): number
  /**
   * A staging buffer for `rows` vectors, row-major float32, that the caller fills before `commit(rows)`: `add` without a
   * copy. At most MAX_STAGED_ROWS. A view: gone after the next call of any method.
   */
  stagingBuffer(rows: number): Float32Array
  /** Adds the first `rows` staged vectors and returns the position of the first. */
  commit(rows: number): number
  /** No more rows for now: what waited for them is done. Undefined: nothing waits. A search does so too. */
  readonly complete?: (() => void) | undefined
  /** Makes a position a tombstone. */
  remove(position: number): void
  isLive(position: number): boolean

  /**
   * Every row that can be among the k best, never fewer: each live, allowed row whose exact similarity (src/core/similarity.ts) is one
   * of the k highest inside [minSimilarity, maxSimilarity], ties included, is in the answer. The caller scores them exactly.
   */
  search(request: SearchRequest): Candidates

  /** Whether a live position holds exactly this vector, as far as what is stored of it can tell. For checks. */
  holds(position: number, vector: Float32Array): boolean

  /** What a saved index consists of: views, gone after the next call. `restore` of the same kind takes them back. */
  save(): IndexImage
  /** Frees the memory. The index cannot be used afterwards. */
  dispose(): void

  /** Undefined while it keeps codes alone, so that a caller has to read vectors elsewhere. */
  readonly inMemoryVectors?: InMemoryVectors | undefined
  /**
   * The live vector at the last position goes to a tombstone, and there is one position less: how space is used again.
   * Undefined: this kind cannot.
   */
  readonly swapRemove?: ((to: number) => void) | undefined
  /** How it chooses between kinds. Undefined: its kind was asked for. */
  readonly strategy?: IndexStrategy | undefined
}

/** The vectors of an index that keeps them. */
export interface InMemoryVectors {
  /** Exact similarity (bit for bit that of src/core/similarity.ts) of a live position for the query of the last search. */
  similarity(position: number): number
  /** The floats of a live position, but for the sign of zeros. A view: gone after the next call of any method. */
  row(position: number): Float32Array
}

/** An index that is of the kind that answers faster. */
export interface IndexStrategy {
  /** Why it is of its kind: one sentence, with numbers. */
  readonly reason: string
  /**
   * Decides whether another kind would answer faster, and becomes it where it can; a search does so too. Where it has not
   * the floats that takes, an empty index of that kind is returned: a caller who has them fills it with the live rows, and
   * uses it instead.
   */
  choose(): VectorIndex | undefined
}

/** `VectorIndex.add` by the staging buffer. */
export function addVectors(index: VectorIndex, vectors: Float32Array): number {
  const { dim, positions } = index
  if (vectors.length % dim !== 0) {
    throw new RangeError(`${vectors.length} numbers are not a multiple of the dimension, ${dim}`)
  }
  const most = MAX_STAGED_ROWS * dim
  for (let at = 0; at < vectors.length; at += most) {
    const batch = vectors.subarray(at, at + most)
    index.stagingBuffer(batch.length / dim).set(batch)
    index.commit(batch.length / dim)
  }
  return positions
}

export const MAX_STAGED_ROWS = 1024

/** An index of at most so many bytes of floats is small: it may keep them, and is built faster than it is read. */
export const SMALL_INDEX: number = 1 << 20

export interface SearchRequest {
  /** `dim` finite numbers; for cosine of a length above 0. */
  readonly query: Float32Array
  /** The number of rows to return, from 1. */
  readonly k: number
  /** Bit p % 32 of word p / 32 set: position p may be returned. Absent: all may. At least positions / 32 words. */
  readonly allowed?: Uint32Array | undefined
  /** Only rows whose similarity may lie in [minSimilarity, maxSimilarity] are of interest. */
  readonly minSimilarity?: number | undefined
  readonly maxSimilarity?: number | undefined
}

/**
 * Candidates, best upper bound first. A skipped row that is live, allowed and in range has a similarity
 * at or below every upper bound here, so a caller that stops at a bound misses nothing. The arrays are reused by the next search.
 */
export interface Candidates {
  readonly count: number
  readonly positions: Uint32Array
  /** No row's exact similarity is above its upper bound. */
  readonly upper: Float64Array
  /** Rows whose bound was computed: what the search cost. */
  readonly visited: number
}

/** A saved index: a few numbers and named byte sections. */
export interface IndexImage {
  readonly kind: IndexKind
  readonly metric: Metric
  readonly dim: number
  readonly positions: number
  readonly count: number
  readonly sections: readonly IndexSection[]
  /** What the index wants to remember beside its rows, in words. */
  readonly note?: string
}

export interface IndexSection {
  /** At most 16 ASCII characters, unique within the image. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** A section that is still to be read: `bytes` reads it, `copyInto` where it is wanted. Both throw when it is damaged. */
export interface StoredSection extends IndexSection {
  readonly length: number
  copyInto(to: Uint8Array): void
}

export function sectionLength(section: IndexSection | StoredSection): number {
  return 'copyInto' in section ? section.length : section.bytes.length
}

export function copySection(section: IndexSection | StoredSection, to: Uint8Array): void {
  if ('copyInto' in section) section.copyInto(to)
  else to.set(section.bytes)
}
