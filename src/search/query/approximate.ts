import { sharesIndexes } from '#index-sharing'
import type { Promised, Skipped } from '../../index/clusters.ts'
import type { Candidates, SearchRequest } from '../../index/vector-index.ts'
import type { DatasetIndex } from '../memory/dataset-index.ts'
import { clusteringOf } from '../memory/make-clusters.ts'

/** Candidates with the promise that they were found under. */
export interface Approximation {
  readonly promised: Promised
  readonly candidates: Candidates
}

/**
 * Candidates from a part of the index; undefined where only all of it keeps the promise, or costs no more, and as long as its
 * clusters are not ready. `onChange`: they have something new to save.
 */
export function approximate(
  datasetIndex: DatasetIndex,
  request: SearchRequest,
  recall: number,
  onChange: () => void,
): Approximation | undefined {
  const { clusters } = datasetIndex
  const clustering = clusteringOf(datasetIndex)
  const answering = clustering && clusters.wanted(clustering, onChange)
  if (!answering) return undefined
  const promised = answering.promise(recall, request)
  if (!promised) {
    // A calibration may be missing.
    clusters.continue()
    return undefined
  }
  const candidates = answering.search(request, promised)
  return candidates && { promised, candidates }
}

/**
 * The candidates of an exact search that skips clusters; undefined where a scan takes no longer, or it is not known yet whether
 * it does. `onChange` as above.
 */
export function skipClusters(
  datasetIndex: DatasetIndex,
  request: SearchRequest,
  onChange: () => void,
): Skipped | undefined {
  // Clusters need rows of their own, which other threads could not borrow.
  if (sharesIndexes()) return undefined
  const { clusters } = datasetIndex
  return clusters.helping(() => clusteringOf(datasetIndex), onChange)?.skip(request)
}
