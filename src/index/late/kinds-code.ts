// The code of indexes that one exact search does without: of cover trees, clusters and batches.

export { decide, firstLook } from '../kinds/auto/decision.ts'
export { createCoverIndex, restoreCoverIndex } from '../kinds/cover-tree/cover-index.ts'
export { BatchSearch } from '../kinds/exact/batch-search.ts'
export { RowClusters } from '../kinds/exact/clusters/row-clusters.ts'
