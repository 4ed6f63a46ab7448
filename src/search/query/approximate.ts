import type { Promised } from '../../index/clusters.ts'
import type { Candidates, SearchRequest } from '../../index/vector-index.ts'
import { clustersFor, rowSource } from '../snapshot/dataset-clusters.ts'
import type { IndexedSnapshot } from '../snapshot/index-snapshot.ts'
import type { SearchContext } from '../snapshot/search-context.ts'

/** Candidates with the promise that they were found under. */
export interface Approximation {
  readonly promised: Promised
  readonly candidates: Candidates
}

/** Candidates from a part of the index; undefined where only all of it keeps the promise, or costs no more. */
export function approximate(
  context: SearchContext,
  snapshot: IndexedSnapshot,
  request: SearchRequest,
  recall: number,
): Approximation | undefined {
  const clusters = clustersFor(context, snapshot)
  const promised = clusters?.promise(recall, request, () => rowSource(context, snapshot))
  if (!clusters || !promised) return undefined
  const candidates = clusters.search(request, promised)
  return candidates && { promised, candidates }
}
