import { compareBytes } from '../../core/id-table.ts'
import {
  similarityInRange,
  similarityToDistance,
  similarityToScore,
} from '../../core/similarity.ts'
import type { SearchFilter } from '../../search/query/search-filter.ts'
import type { CollectionTable } from './collection-table.ts'

/** A document in a ranking. */
export interface RankedRow {
  readonly id: Uint8Array
  /** The sort key of the ranking, highest first. Ties are broken by id in byte order. */
  readonly rank: number
  readonly score: number
  /** Only for a ranking by vectors alone. */
  readonly distance?: number
  /** Only for a ranking that includes words: the ranks in both rankings, from 1. */
  readonly vectorRank?: number
  readonly textRank?: number
}

/** A position in a ranking. */
export type Place = Pick<RankedRow, 'rank' | 'id'>

/** Visits the rows of a ranking, best first, until there are no more or `visit` returns false. */
export type Ranking = (visit: (row: RankedRow) => boolean) => void

/** Whether a row comes after a position. */
export function isBehind({ rank, id }: Place, place: Place): boolean {
  return rank < place.rank || (rank === place.rank && compareBytes(id, place.id) > 0)
}

export interface NearestRows {
  readonly dataset: string
  readonly vector: Float32Array
  readonly filter: SearchFilter | undefined
  readonly minScore: number | undefined
  readonly recall: number | undefined
  /** Only rows that may come after this position. */
  readonly behind?: Place | undefined
  /** The number of rows that are certainly needed. */
  readonly first: number
  /** Whether more may be needed. */
  readonly more: boolean
}

/** Ranks a dataset by vectors: as many rows as are visited, and a few more. Visit it inside one snapshot. */
export function nearestRows({ searcher }: CollectionTable, wanted: NearestRows): Ranking {
  const { metric } = searcher.context.spec
  const { dataset, vector, filter, minScore = -Infinity, recall, behind, first, more } = wanted
  const most = behind?.rank ?? Infinity
  return visit => {
    let limit = first
    let last: Place | undefined
    for (;;) {
      const { hits, next } = searcher.search({
        dataset,
        query: vector,
        limit,
        more,
        minSimilarity: -Infinity,
        // It is compared with the bounds of an index, not with the exact number.
        maxSimilarity: most + 1e-6 * (1 + Math.abs(most)),
        accepts: similarity => similarityInRange(metric, similarity) <= most,
        ids: undefined,
        filter,
        recall,
      })
      for (let at = 0; at < hits.count; at++) {
        const similarity = hits.similarity(at)
        const id = hits.id(at)
        // An approximate search for more rows may find one before those that were visited.
        if (last && !isBehind({ rank: similarity, id }, last)) continue
        const score = similarityToScore(metric, similarity)
        if (score < minScore) return
        const distance = similarityToDistance(metric, similarity)
        const row = { id: id.slice(), rank: similarity, score, distance }
        if (!visit(row)) return
        last = row
      }
      if (next === undefined) return
      limit = next
    }
  }
}
