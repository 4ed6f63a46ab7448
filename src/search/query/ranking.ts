import { idKey } from '../../core/id-key.ts'
import { compareBytes } from '../../core/id-table.ts'
import type { Answer, Search } from './search.ts'
import type { Searcher } from './searcher.ts'
import type { TopK } from './top-k.ts'

/** The number of rows that are ranked first if the number of reads is unknown, and the number always ranked at once. */
const FIRST = 64
const FEW = 256

/**
 * The rows of one dataset, nearest first. If the number of reads is unknown, they are ranked in growing parts as they
 * are read: the first 64, then 256, ... and then all. It holds one snapshot as long as there may be more.
 *
 * The reading connection may write in between. Rows ranked before the write are returned in their old state, later ones
 * in their new state. Whatever is written, the order never breaks and no document is returned twice.
 */
export class Ranking {
  readonly dataset: string
  readonly #searcher: Searcher
  readonly #search: Search
  /** The number of rows that may still be returned. */
  #left: number
  #answer: Answer
  #rank = 0
  #snapshot: Disposable | undefined
  /** Documents that earlier parts returned; undefined while each part begins like the previous one. */
  #given: Set<string> | undefined

  /** `search.limit` is the maximum number of reads. `search.more`: there may be fewer. */
  constructor(searcher: Searcher, search: Search) {
    this.dataset = search.dataset
    this.#searcher = searcher
    this.#search = search
    this.#left = search.limit
    const limit = search.more && search.limit > FEW ? FIRST : search.limit
    // Rows that a first part has missed could not come after it, so many rows are searched for exactly.
    if (limit < search.limit) this.#search = { ...search, recall: 1 }
    this.#answer = searcher.shadow.inSnapshot(() => {
      const first = this.#ask(limit)
      if (first.next !== undefined && limit < search.limit) {
        this.#snapshot = searcher.shadow.holdSnapshot()
      }
      return first
    })
    this.#arrive()
  }

  get eof(): boolean {
    return this.#left === 0
  }

  id(): Uint8Array {
    return this.#answer.hits.id(this.#rank)
  }

  /** NaN if unknown. */
  rowid(): number {
    return this.#answer.hits.rowid(this.#rank)
  }

  similarity(): number {
    return this.#answer.hits.similarity(this.#rank)
  }

  next(): void {
    this.#rank++
    this.#left--
    this.#arrive()
  }

  close(): void {
    this.#left = 0
    this.#snapshot?.[Symbol.dispose]()
    this.#snapshot = undefined
  }

  /** Advances to a row that can be returned, or to the end. */
  #arrive(): void {
    while (this.#left > 0) {
      const { hits, next } = this.#answer
      if (this.#rank < hits.count) {
        if (!this.#given?.has(idKey(this.id()))) return
        this.#rank++
      } else if (next === undefined) {
        break
      } else {
        // Rows written above the last row are skipped, so more than the limit may have to be ranked.
        this.#grow(this.#given ? next : Math.min(next, this.#search.limit))
      }
    }
    this.close()
  }

  #grow(limit: number): void {
    const before = this.#answer.hits
    this.#answer = this.#ask(limit)
    const { hits } = this.#answer
    if (beginsWith(hits, before)) {
      this.#rank = before.count
      return
    }
    this.#given ??= new Set()
    for (let rank = 0; rank < before.count; rank++) this.#given.add(idKey(before.id(rank)))
    this.#rank = rankBehind(hits, before)
  }

  #ask(limit: number): Answer {
    const search = this.#search
    return this.#searcher.search(limit === search.limit ? search : { ...search, limit })
  }
}

/** Whether `hits` begins with all rows of `before`, with the same similarities. */
function beginsWith(hits: TopK, before: TopK): boolean {
  if (hits.count < before.count) return false
  for (let rank = 0; rank < before.count; rank++) {
    if (hits.similarity(rank) !== before.similarity(rank)) return false
    if (compareBytes(hits.id(rank), before.id(rank)) !== 0) return false
  }
  return true
}

/** The position of the first row after the last one of `before`. */
function rankBehind(hits: TopK, before: TopK): number {
  const last = before.count - 1
  const similarity = before.similarity(last)
  const id = before.id(last)
  let rank = 0
  for (; rank < hits.count; rank++) {
    const difference = similarity - hits.similarity(rank)
    if (difference > 0 || (difference === 0 && compareBytes(hits.id(rank), id) > 0)) break
  }
  return rank
}
