import { lateSearch } from '#late-search'
import type { Metric } from '../../core/metric.ts'
import { similarityToDistance } from '../../core/similarity.ts'
import type { HybridRow } from '../../search/hybrid/hybrid-search.ts'
import type { Searcher } from '../../search/query/searcher.ts'
import type { CursorRows } from './cursor-rows.ts'
import type { TextRequest } from './match-request.ts'
import { compares, type VecQuery } from './vec-arguments.ts'

/** The rows of a search with words, best first. */
export class HybridRows implements CursorRows {
  readonly #rows: readonly HybridRow[]
  #at = 0

  constructor(searcher: Searcher, query: VecQuery, request: TextRequest) {
    const { metric } = searcher.context.spec
    const { limit, offset, bounds, k = Infinity } = query
    const { text, syntax, window } = request
    const { rows } = lateSearch.needed.searchHybrid(searcher, {
      datasets: query.datasets,
      vector: query.vector,
      text,
      syntax,
      options: request,
      // Ordered by distance, all rows are needed: the nearest may not be the best by score.
      limit: query.byDistance ? k : Math.min(limit + offset, k),
      window,
      ids: query.ids,
      filter: query.filter,
      recall: query.recall,
      accepts:
        bounds.length === 0
          ? undefined
          : row =>
              bounds.every(({ of, comparison, value }) => {
                const own = of === 'score' ? row.score : distanceOf(metric, row)
                return own !== null && compares(own, comparison, value)
              }),
    })
    const ordered = query.byDistance ? byDistance(metric, rows) : rows
    this.#rows = ordered.slice(offset, offset + limit)
  }

  next(): void {
    this.#at++
  }

  get eof(): boolean {
    return this.#at >= this.#rows.length
  }

  get fused(): HybridRow {
    return this.#rows[this.#at]
  }

  get dataset(): string {
    return this.fused.dataset
  }

  id(): Uint8Array {
    return this.fused.id
  }

  rowid(): number {
    return this.fused.rowid
  }

  similarity(): number | undefined {
    return this.fused.similarity
  }

  close(): void {
    this.#at = this.#rows.length
  }
}

function distanceOf(metric: Metric, { similarity }: HybridRow): number | null {
  return similarity === undefined ? null : similarityToDistance(metric, similarity)
}

/** In SQLite's order: rows without a distance first. */
function byDistance(metric: Metric, rows: readonly HybridRow[]): HybridRow[] {
  const key = (row: HybridRow): number => distanceOf(metric, row) ?? -Infinity
  return rows
    .map(row => ({ row, at: key(row) }))
    .toSorted((a, b) => (a.at === b.at ? 0 : a.at - b.at))
    .map(({ row }) => row)
}
