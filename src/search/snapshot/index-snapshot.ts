import type { DatasetIndex } from '../memory/dataset-index.ts'

/** What answers for a dataset as one snapshot of the file sees it. */
export type IndexSnapshot = IndexedSnapshot | typeof TABLE_SCAN

/** An index, and what this transaction sees that the index does not hold. */
export interface IndexedSnapshot {
  /**
   * `fresh`: the index that connections share holds all that the snapshot sees. `delta`: it does but for the rows that are
   * `changed`. `rebuilt`: it was made from the table just now. `transaction-local`: it is of a transaction that has written,
   * and other connections must not see it before that is committed.
   */
  readonly state: 'fresh' | 'delta' | 'rebuilt' | 'transaction-local'
  readonly datasetIndex: DatasetIndex
  /** Ids whose rows are not, or no longer, as the index has them: mask them there, and look at their present rows. */
  readonly changed: readonly Uint8Array[]
  readonly dataset: string
  /** The last journal entry of this snapshot. */
  readonly seq: number
  /** The index is not to be changed by what this transaction sees: it has written and may never be committed, or it began before the index's state. */
  readonly writing: boolean
}

/** Nothing can be trusted but the table itself. */
export const TABLE_SCAN = { state: 'table-scan' } as const
