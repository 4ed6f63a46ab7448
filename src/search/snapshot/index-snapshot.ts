import type { DatasetIndex } from '../memory/dataset-index.ts'

/** What answers for a dataset in one snapshot of the file. */
export type IndexSnapshot = IndexedSnapshot | typeof TABLE_SCAN

/** An index, and the rows of this transaction that it does not contain. */
export interface IndexedSnapshot {
  /**
   * `fresh`: the index that connections share contains everything that the snapshot sees. `delta`: it does, except for
   * the `changed` rows. `rebuilt`: it has just been built from the table. `transaction-local`: it belongs to a
   * transaction that has written, and other connections must not see it before the commit.
   */
  readonly state: 'fresh' | 'delta' | 'rebuilt' | 'transaction-local'
  readonly datasetIndex: DatasetIndex
  /** Ids whose rows differ from the index, or no longer exist: mask them in the index, and read their current rows. */
  readonly changed: readonly Uint8Array[]
  readonly dataset: string
  /** The last journal entry of this snapshot. */
  readonly seq: number
  /**
   * The index must not include what this transaction sees: the transaction has written and may never be committed, or
   * it began before the index's state.
   */
  readonly writing: boolean
}

/** Only the table itself can be trusted. */
export const TABLE_SCAN = { state: 'table-scan' } as const
