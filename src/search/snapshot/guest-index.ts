import { SMALL_INDEX } from '../../index/vector-index.ts'
import type { Journal, JournalHead } from '../journal/journal.ts'
import type { CacheEntry } from '../memory/index-cache.ts'
import type { IndexStore } from '../persistence/index-store.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'

/** The number of changes that may be applied to a saved index for each search of a dataset without space in memory. */
const MOST_CHANGES = 1000
/** Building an index takes as long as a few table scans. */
const SCANS_BEFORE_BUILD = 8

/** Whether the saved index of a dataset can be brought to this snapshot in less time than a table scan takes. */
export function isSavedNearby(
  store: IndexStore,
  { key }: ShadowTable,
  dataset: string,
  journal: Journal,
  head: JournalHead,
): boolean {
  const saved = store.manifest(key, dataset)
  if (!saved || !journal.follows(saved.logPosition, head)) return false
  const ids = journal.changedIds(saved.logPosition.seq, key, dataset, MOST_CHANGES)
  // Changes of other indexes may need all rows.
  return ids !== undefined && (ids.length === 0 || (saved.count > 0 && !saved.mixed))
}

/** Counts a table scan. Returns whether there were enough to pay for an index, of `bytes`, that is built to be saved. */
export function buildPays(entry: CacheEntry, bytes: () => number): boolean {
  return ++entry.scans >= SCANS_BEFORE_BUILD && bytes() > SMALL_INDEX
}
