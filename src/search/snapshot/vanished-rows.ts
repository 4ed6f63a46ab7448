import { countVectors } from '../schema/row-counts.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import type { IndexedSnapshot } from './index-snapshot.ts'

/** Small indexes are checked for vanished rows by counting. Up to this many rows, that costs almost nothing. */
const COUNTABLE = 4096

/** Whether no row of a small index can have vanished without an entry; see `DatasetIndex.verifiedSeq`. */
export function noneVanished(
  shadow: ShadowTable,
  { datasetIndex, dataset, seq }: IndexedSnapshot,
): boolean {
  const { index } = datasetIndex
  if (datasetIndex.verifiedSeq === seq) return true
  if (!index?.inMemoryVectors || index.count > COUNTABLE || datasetIndex.rejected.notFinite > 0)
    return false
  // The first query after a change looks up its few rows. The second pays for the count, once.
  if (datasetIndex.countAtSeq !== seq) {
    datasetIndex.countAtSeq = seq
    return false
  }
  if (countVectors(shadow, dataset, datasetIndex.dim) !== index.count) return false
  datasetIndex.verifiedSeq = seq
  return true
}
