import { VecError } from '../../core/errors.ts'
import { documentKey } from '../../core/id-key.ts'
import type { GivenIds } from '../../core/id-list.ts'
import { compareBytes } from '../../core/id-table.ts'
import { similarityToScore } from '../../core/similarity.ts'
import type { SearchFilter } from '../query/search-filter.ts'
import { UNCONDITIONAL } from '../query/search.ts'
import type { Searcher } from '../query/searcher.ts'
import type { TextHit } from '../text/text-search.ts'
import type { TextSyntax } from '../text/text-syntax.ts'
import { contribution, type FusionOptions } from './fusion.ts'

/** A search by vector, by text, or by both. */
export interface HybridSearch {
  readonly datasets: readonly string[]
  /** Undefined for a search by text alone. */
  readonly vector: Float32Array | undefined
  /** Undefined for a search by vector alone. */
  readonly text: string | undefined
  readonly syntax: TextSyntax
  readonly options: FusionOptions
  /** The number of rows to return; Infinity for all rows of either ranking. */
  readonly limit: number
  /** The number of rows of each ranking to fuse: at least `limit`. Undefined: see `windowOf`. */
  readonly window: number | undefined
  /** Only these documents. */
  readonly ids: GivenIds | undefined
  /** Only rows that match, in both rankings. */
  readonly filter: SearchFilter | undefined
  /** Of the ranking by vector: the share of the nearest rows to find; undefined: the recall of the table. */
  readonly recall?: number | undefined
  /** Called for each fused row before rows are counted; undefined: all rows are accepted. */
  readonly accepts?: ((row: HybridRow) => boolean) | undefined
}

/** A row in the result. Ranks count from 1; undefined if the row is not in the window of that ranking. */
export interface HybridRow {
  readonly dataset: string
  readonly id: Uint8Array
  /** NaN if unknown. */
  readonly rowid: number
  /** The score that orders the rows: the fused score, or that of the only ranking. */
  score: number
  vectorRank: number | undefined
  /** The score of the metric, as in a search by vector alone. */
  vectorScore: number | undefined
  /** The similarity, from which the metric's score and distance are computed. */
  similarity: number | undefined
  textRank: number | undefined
  /** BM25; higher is better. */
  textScore: number | undefined
}

/** The result of a hybrid search: best first, ties by id, then by dataset. */
export interface HybridAnswer {
  readonly rows: readonly HybridRow[]
  /** Whether the text had a word that could be searched for. */
  readonly textUsed: boolean
}

/** The default for the number of rows of each ranking to fuse is at least this. */
const LEAST_WINDOW = 50
const WINDOW_SHARE = 4

function windowOf({ window, limit }: Pick<HybridSearch, 'window' | 'limit'>): number {
  return Math.max(limit, window ?? Math.max(LEAST_WINDOW, WINDOW_SHARE * limit))
}

/**
 * Ranks rows by vector and by text, each exactly as in a search for that alone, and fuses the best rows of both
 * rankings. Both use one snapshot. Throws VEC_QUERY for words in a table without a text index.
 */
export function searchHybrid(searcher: Searcher, search: HybridSearch): HybridAnswer {
  return searcher.shadow.inSnapshot(() => fused(searcher, search))
}

function fused(searcher: Searcher, search: HybridSearch): HybridAnswer {
  const { vector, text } = search
  const both = vector !== undefined && text !== undefined
  // The best rows of a single ranking are in its order. A condition on scores may accept rows far down.
  const window = both ? windowOf(search) : search.accepts ? Infinity : search.limit
  const rows = new Map<string, HybridRow>()
  const textUsed = text !== undefined && rankByText(searcher, search, text, window, rows)
  if (vector !== undefined) rankByVector(searcher, search, vector, window, rows)
  if (both) score([...rows.values()], search.options)
  else for (const row of rows.values()) row.score = (row.vectorScore ?? row.textScore)!
  const { accepts, limit } = search
  const found = [...rows.values()].filter(row => accepts?.(row) ?? true)
  // A single ranking is in order. Different similarities may have the same score.
  if (both) found.sort(compareRows)
  if (found.length > limit) found.length = limit
  return { rows: found, textUsed }
}

function rankByText(
  searcher: Searcher,
  { datasets, syntax, ids, filter }: HybridSearch,
  text: string,
  limit: number,
  rows: Map<string, HybridRow>,
): boolean {
  const { text: searchable } = searcher
  if (!searchable) throw noTextIndex(searcher.shadow.name)
  const { hits, expression } = searchable.search({ datasets, text, syntax, limit, ids, filter })
  for (const [at, hit] of hits.entries()) {
    const row = rowOf(rows, hit)
    row.textRank = at + 1
    row.textScore = hit.score
  }
  return expression !== undefined
}

function rankByVector(
  searcher: Searcher,
  { datasets, ids, filter, recall }: HybridSearch,
  query: Float32Array,
  limit: number,
  rows: Map<string, HybridRow>,
): void {
  const { metric } = searcher.context.spec
  const ranked: (Omit<TextHit, 'score'> & { similarity: number })[] = []
  for (const dataset of datasets) {
    const { hits } = searcher.search({
      ...UNCONDITIONAL,
      dataset,
      query,
      limit,
      ids,
      filter,
      recall,
    })
    for (let rank = 0; rank < hits.count; rank++) {
      const [id, rowid, similarity] = [hits.id(rank), hits.rowid(rank), hits.similarity(rank)]
      ranked.push({ dataset, id: id.slice(), rowid, similarity })
    }
  }
  if (datasets.length > 1) {
    ranked.sort(
      (a, b) =>
        b.similarity - a.similarity || compareBytes(a.id, b.id) || (a.dataset < b.dataset ? -1 : 1),
    )
    if (ranked.length > limit) ranked.length = limit
  }
  for (const [at, hit] of ranked.entries()) {
    const row = rowOf(rows, hit)
    row.vectorRank = at + 1
    row.similarity = hit.similarity
    row.vectorScore = similarityToScore(metric, hit.similarity)
  }
}

function rowOf(
  rows: Map<string, HybridRow>,
  { dataset, id, rowid }: Omit<TextHit, 'score'>,
): HybridRow {
  const key = documentKey(dataset, id)
  let row = rows.get(key)
  if (!row) {
    row = {
      dataset,
      id,
      rowid,
      score: 0,
      vectorRank: undefined,
      vectorScore: undefined,
      similarity: undefined,
      textRank: undefined,
      textScore: undefined,
    }
    rows.set(key, row)
  }
  return row
}

function score(rows: readonly HybridRow[], options: FusionOptions): void {
  const { weights } = options
  const vectorScores = scoresOf(rows, 'vectorRank', 'vectorScore')
  const textScores = scoresOf(rows, 'textRank', 'textScore')
  for (const row of rows) {
    const { vectorRank, textRank } = row
    if (vectorRank !== undefined) {
      row.score += contribution(weights.vector, vectorRank, vectorScores, options)
    }
    if (textRank !== undefined) {
      row.score += contribution(weights.text, textRank, textScores, options)
    }
  }
}

/** All scores of one ranking, by rank. */
function scoresOf(
  rows: readonly HybridRow[],
  rank: 'vectorRank' | 'textRank',
  of: 'vectorScore' | 'textScore',
): number[] {
  const scores: number[] = []
  for (const row of rows) if (row[rank] !== undefined) scores[row[rank] - 1] = row[of]!
  return scores
}

function compareRows(a: HybridRow, b: HybridRow): number {
  return b.score - a.score || compareBytes(a.id, b.id) || (a.dataset < b.dataset ? -1 : 1)
}

function noTextIndex(shadow: string): VecError {
  return new VecError(
    'VEC_QUERY',
    `vec: the texts of ${shadow} cannot be searched: the vec table was created without a text index`,
    {
      hint: 'DROP TABLE keeps the documents: create the vec table again with the option text=content',
    },
  )
}
