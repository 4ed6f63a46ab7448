import type { Candidates, SearchRequest } from './candidates.ts'
import type { IndexSection, StoredSection } from './index-section.ts'

/** Makes the clusters of an index. They read its rows, so they must be told of every change of them. */
export interface Clustering {
  /** The memory that the clusters may take, in bytes: a copy of the rows, or else lists of them. */
  readonly space: number
  /**
   * New clusters: they are made step by step. `use`: what for; 'recall' unless it is given. Undefined: their code is not
   * loaded yet.
   */
  begin(use?: ClusterUse): Clusters | undefined
  /**
   * Clusters of saved sections; undefined if these have none, or those of another version. Throws VEC_STORAGE if they are
   * damaged.
   */
  restore(sections: ReadonlyMap<string, IndexSection | StoredSection>): Clusters | undefined
}

/** Clusters are made for searches that find most of the nearest rows, or for those that find all of them sooner than a scan. */
export type ClusterUse = 'recall' | 'exact'

/**
 * The rows of an index in groups of near ones: a search visits the groups that are worth it, and finds most of the nearest
 * rows. How many that takes is found out by searching for rows of the index. The index does not know them: its owner tells
 * them of each change, when the index has made it.
 */
export interface Clusters {
  /** Memory that they hold, in bytes. */
  readonly bytes: number
  /** How many there are. */
  readonly count: number
  /** Rows in all of them. */
  readonly rows: number
  /** Whether they can answer: until then, `step` has to be called. */
  readonly ready: boolean
  /** Whether `step` has something to do. */
  readonly due: boolean
  /** So many rows came or went that new clusters are due. */
  readonly outgrown: boolean
  /** The promises made so far. */
  readonly promises: readonly Promised[]
  /** Grows when they have something new to save. */
  readonly version: number

  /** What a trial of exact searches has found; undefined: there was none, or it has not ended. */
  readonly skipping: SkippingFacts | undefined

  /** Something new that they are for: `step` has to be called while they are `due`. `space`: the memory that they may take now. */
  want(use: ClusterUse, space?: number): void
  /** Does a part of what is left to do, a few milliseconds of work. False: nothing is left. */
  step(): boolean
  /** The index has rows at the last `count` positions that it did not have before. */
  added(count: number): void
  /** The row of a position is gone. */
  removed(position: number): void
  /** The row of the last position, which is gone, is now at another, whose row was removed. */
  moved(from: number, to: number): void

  /**
   * How a search for the k best of the allowed rows finds this share of them, on average over queries like the rows.
   * Undefined: only a search of the whole index does, or one that costs no more, or it is not known yet: then `step` has
   * something to do.
   */
  promise(recall: number, request: Omit<SearchRequest, 'query'>): Promised | undefined
  /**
   * At least k candidates, if there are so many rows, with bounds as an index gives them; but rows of clusters that were not
   * visited are missing. Undefined: the query is unlike the rows, so that the promise says nothing of it.
   */
  search(request: SearchRequest, promised: Promised): Candidates | undefined
  /**
   * As `VectorIndex.search`, without the clusters none of whose rows can be among the best. Undefined: a scan takes no longer,
   * or it is not known yet whether it does.
   */
  skip(request: SearchRequest): Skipped | undefined
  /** What a later process needs to have them at once; nothing while their rows are not known. */
  save(): IndexSection[]
  dispose(): void
}

/** The prefix of the names of sections with clusters. */
const SECTION = 'clusters.'

/** Whether a saved section belongs to clusters, and not to the index itself. */
export function isClusterSection(name: string): boolean {
  return name.startsWith(SECTION)
}

/** An exact answer, and the clusters that were visited for it, of how many. */
export interface Skipped {
  readonly candidates: Candidates
  readonly visited: number
  readonly clusters: number
}

/** What exact searches for stored rows have shown. */
export interface SkippingFacts {
  readonly trials: number
  /** The share of the rows, and the number of clusters, that a search visits on average. */
  readonly visited: number
  readonly clusters: number
  /** Whether exact searches skip clusters. */
  readonly pays: boolean
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
  readonly expensive: boolean
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
