import type { CandidateSet } from '../candidate-set.ts'
import type { CodedRows } from '../rows.ts'
import type { ClusterSlots } from './cluster-slots.ts'

/** The rows of an index by cluster: a copy of them in the order of clusters, or lists of their positions. */
export interface ClusteredRows {
  readonly slots: ClusterSlots
  /** The rows that a scan reads: it needs the query there. */
  readonly rows: CodedRows
  /** How many times as long it takes to visit a row as a scan in the order of rows. */
  readonly cost: number
  readonly bytes: number

  /** Takes the row of a position of the index into a cluster. */
  add(position: number, cluster: number): void
  /** A position without a row here is passed over. */
  remove(position: number): void
  /** The row of a position is now at another one, which has none. */
  move(from: number, to: number): void
  /** Where the row of a slot is in `rows`; undefined: it has none. */
  rowOf(slot: number): number | undefined
  /** Scans single clusters, for one search after the other. */
  scanFor(candidates: CandidateSet): ClusterScan
  dispose(): void
}

/** Scans the rows of single clusters for one search. */
export interface ClusterScan {
  /** Takes the rows of a cluster that can be among the best. */
  visit(cluster: number, most: number, allowed: Uint32Array | undefined): void
  /** Ends a search: its candidates are sorted, and have positions of the index. */
  finish(): void
}
