import { lateSearch } from '#late-search'
import type { HybridRow } from '../../search/hybrid/hybrid-search.ts'
import type { SearchFilter } from '../../search/query/search-filter.ts'
import type { CollectionTable } from './collection-table.ts'
import type { RankedRow, Ranking } from './ranked-rows.ts'
import type { ReadQuery } from './read-query.ts'

interface WordSearch {
  readonly dataset: string
  readonly query: Pick<ReadQuery, 'text' | 'fusion' | 'minScore' | 'recall'>
  readonly filter: SearchFilter | undefined
}

/** A ranking by vectors and words. */
interface HybridRows {
  readonly ranking: Ranking
  /** Whether a larger window would find nothing more. */
  readonly all: boolean
}

/** Fuses the best `window` rows of both rankings, and returns the best `window` of the result. */
export function hybridRows(
  { searcher }: CollectionTable,
  {
    dataset,
    query,
    filter,
    vector,
    window,
  }: WordSearch & { readonly vector: Float32Array | undefined; readonly window: number },
): HybridRows {
  const { rows } = lateSearch.needed.searchHybrid(searcher, {
    datasets: [dataset],
    vector,
    text: query.text,
    syntax: 'any',
    options: query.fusion,
    limit: window,
    window,
    ids: undefined,
    filter,
    recall: query.recall,
  })
  return { ranking: rankingOf(rows, query.minScore), all: rows.length < window }
}

/** Ranks by words alone: as many rows as are visited, and a few more. */
export function wordRows(
  { searcher }: CollectionTable,
  { dataset, query, filter, first }: WordSearch & { readonly first: number },
): Ranking {
  return visit => {
    let seen = 0
    for (let limit = first; ; limit *= 4) {
      const { rows } = lateSearch.needed.searchHybrid(searcher, {
        datasets: [dataset],
        vector: undefined,
        text: query.text,
        syntax: 'any',
        options: query.fusion,
        limit,
        window: undefined,
        ids: undefined,
        filter,
      })
      let stopped = false
      rankingOf(
        rows.slice(seen),
        query.minScore,
      )(row => {
        stopped = !visit(row)
        return !stopped
      })
      if (stopped || rows.length < limit) return
      seen = rows.length
    }
  }
}

function rankingOf(rows: readonly HybridRow[], minScore = -Infinity): Ranking {
  return visit => {
    for (const row of rows) if (row.score < minScore || !visit(rankedRow(row))) return
  }
}

function rankedRow({ id, score, vectorRank, textRank }: HybridRow): RankedRow {
  return {
    id,
    rank: score,
    score,
    ...(vectorRank === undefined ? {} : { vectorRank }),
    ...(textRank === undefined ? {} : { textRank }),
  }
}
