import type { Clustering } from '../../index/clusters.ts'
import type { DatasetIndex } from './dataset-index.ts'
import { indexCache } from './index-cache.ts'

/** What makes the clusters of an index; undefined: it gets none, or there is no memory for them. */
export function clusteringOf({ clusters, index }: DatasetIndex): Clustering | undefined {
  if (!index) return undefined
  // About as many bytes as the index itself. Other indexes are worth more than a faster answer of this one.
  const more = Math.max(0, index.bytes - clusters.bytes)
  return indexCache.bytes + more <= indexCache.limit ? index.clustering : undefined
}

/** Makes the clusters of an index at once, and calibrates them. False: it gets none. */
export function makeClusters(datasetIndex: DatasetIndex): boolean {
  const clustering = clusteringOf(datasetIndex)
  return clustering !== undefined && datasetIndex.clusters.finish(clustering)
}
