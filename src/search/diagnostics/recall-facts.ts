import type { Clusters, SkippingFacts } from '../../index/clusters.ts'
import type { VectorIndex } from '../../index/vector-index.ts'
import type { DatasetIndex } from '../memory/dataset-index.ts'
import type { SearchContext } from '../snapshot/search-context.ts'

/** What is known of clusters, for exact searches and for approximate ones; nothing if neither has asked for them. */
export function recallFacts(
  { recall = 1 }: Pick<SearchContext, 'recall'>,
  { clusters }: DatasetIndex,
  index: VectorIndex,
): (readonly [topic: 'clusters' | 'recall', fact: string])[] {
  const { current } = clusters
  const skipping = current?.skipping ? skippingFact(current.skipping, current.count) : []
  if (!current?.ready) {
    if (recall >= 1) return skipping
    return [...skipping, ['recall', `${recall} is promised; ${reasonFor(index, current)}`]]
  }
  const { bytes, count, promises, rows } = current
  return [
    ['clusters', `${count} of ${rows} rows, ${bytes} bytes of memory`],
    ...skipping,
    ...promises.map(({ recall: promised, expensive, k, measured, trials, visited }) => {
      const tried = `${measured.toFixed(4)} measured on ${trials} stored rows`
      const share = `${((100 * visited) / Math.max(1, rows)).toFixed(1)} % of the rows visited`
      const exact = expensive ? ', so such searches are exact' : ''
      return [
        'recall',
        `${promised} of the nearest ${k} is promised: ${tried}, ${share}${exact}`,
      ] as const
    }),
  ]
}

/** Whether exact searches skip clusters, and how many. */
function skippingFact(
  { clusters, pays, trials, visited }: SkippingFacts,
  count: number,
): [topic: 'clusters', fact: string][] {
  if (trials === 0) {
    return [['clusters', 'exact searches scan all rows, as these are not in clear clusters']]
  }
  const share = `${(100 * visited).toFixed(1)} % of the rows visited by searches for ${trials} stored rows`
  if (!pays)
    return [['clusters', `exact searches scan all rows, as clusters do not help: ${share}`]]
  const skipped = (count - clusters).toFixed(1)
  return [['clusters', `exact searches skip ${skipped} of ${count} on average: ${share}`]]
}

/** Why searches are exact. */
function reasonFor(index: VectorIndex, current: Clusters | undefined): string {
  if (!index.clustering?.())
    return 'all searches are exact, as scanning such an index takes no longer'
  return current
    ? 'searches are exact until the clusters are ready, which are made in the background'
    : 'the next search for less than all begins to make the clusters'
}
