import type { Clusters } from '../../index/clusters.ts'
import type { VectorIndex } from '../../index/vector-index.ts'
import type { DatasetIndex } from '../memory/dataset-index.ts'
import type { SearchContext } from '../snapshot/search-context.ts'

/** What is known of approximate searches: none of them was asked for, and there is nothing to say. */
export function recallFacts(
  { recall = 1 }: Pick<SearchContext, 'recall'>,
  { clusters }: DatasetIndex,
  index: VectorIndex,
): (readonly [topic: 'clusters' | 'recall', fact: string])[] {
  const { current } = clusters
  if (!current?.ready) {
    if (recall >= 1) return []
    return [['recall', `${recall} is promised; ${reasonFor(index, current)}`]]
  }
  const { bytes, count, promises, rows } = current
  return [
    ['clusters', `${count} of ${rows} rows, ${bytes} bytes of memory`],
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

/** Why searches are exact. */
function reasonFor({ clustering }: VectorIndex, current: Clusters | undefined): string {
  if (!clustering) return 'all searches are exact, as scanning such an index takes no longer'
  return current
    ? 'searches are exact until the clusters are ready, which are made in the background'
    : 'the next search for less than all begins to make the clusters'
}
