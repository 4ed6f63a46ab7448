import { compareBytes } from '../../core/id-table.ts'
import { Ranking } from '../../search/query/ranking.ts'
import type { Search } from '../../search/query/search.ts'
import type { Searcher } from '../../search/query/searcher.ts'
import type { CursorRows } from './cursor-rows.ts'

/** The rows of a search of one or more datasets, nearest first. Equal rows are ordered by id, then by dataset. */
export class MergedRows implements CursorRows {
  /** Rankings that have rows left, the ranking with the nearest row first. */
  readonly #heads: Ranking[] = []
  #left: number

  /**
   * One search for each dataset. Their `limit` counts the rows of all datasets together, including the first `offset`
   * rows, which are skipped.
   */
  constructor(searcher: Searcher, searches: readonly Search[], offset: number) {
    this.#left = searches[0]?.limit ?? 0
    try {
      for (const search of searches) {
        const ranking = new Ranking(searcher, search)
        if (!ranking.eof) this.#heads.push(ranking)
      }
      this.#heads.sort(compareHeads)
      for (let skip = offset; skip > 0 && !this.eof; skip--) this.next()
    } catch (error) {
      this.close()
      throw error
    }
  }

  next(): void {
    this.#left--
    const heads = this.#heads
    const head = heads[0]
    head.next()
    if (!head.eof && heads.length === 1) return
    heads.shift()
    if (!head.eof) heads.splice(placeOf(head, heads), 0, head)
  }

  get eof(): boolean {
    return this.#left <= 0 || this.#heads.length === 0
  }

  get dataset(): string {
    return this.#heads[0].dataset
  }

  id(): Uint8Array {
    return this.#heads[0].id()
  }

  rowid(): number {
    return this.#heads[0].rowid()
  }

  similarity(): number {
    return this.#heads[0].similarity()
  }

  close(): void {
    for (const head of this.#heads.splice(0)) head.close()
  }
}

/** The position of a ranking among others in their order. */
function placeOf(head: Ranking, heads: readonly Ranking[]): number {
  let low = 0
  let high = heads.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareHeads(heads[middle], head) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function compareHeads(a: Ranking, b: Ranking): number {
  const difference = b.similarity() - a.similarity()
  if (difference !== 0) return difference
  return compareBytes(a.id(), b.id()) || (a.dataset < b.dataset ? -1 : 1)
}
