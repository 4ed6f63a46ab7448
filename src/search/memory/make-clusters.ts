import type { Clustering } from '../../index/clusters.ts'
import type { DatasetIndex } from './dataset-index.ts'
import { indexCache } from './index-cache.ts'

/** What makes the clusters of an index; undefined: it gets none, or there is no memory for them. */
export function clusteringOf({ clusters, index }: DatasetIndex): Clustering | undefined {
  if (!index) return undefined
  // Other indexes are worth more than a faster answer of this one.
  const space = indexCache.limit - indexCache.bytes + clusters.bytes
  return index.clustering?.(space)
}

/** Makes the clusters of an index at once, and calibrates them. False: it gets none. */
export function makeClusters(datasetIndex: DatasetIndex): boolean {
  const clustering = clusteringOf(datasetIndex)
  return clustering !== undefined && datasetIndex.clusters.finish(clustering)
}
