/** Documents of a text index, best first. */
export interface RankedDocuments {
  readonly docids: readonly number[]
  /** BM25; higher is better. */
  readonly scores: readonly number[]
}

/** The number of documents ranked beyond the request, since ties at the end have to be ordered by id. */
const AHEAD = 64
const AHEAD_SHARE = 2
/** The maximum number of documents per page, unless more tie. */
const MOST_DOCUMENTS = 1024

/**
 * The documents that match an expression, best first. Only a few are ranked at first, and all once these are not
 * enough.
 */
export class TextRanking {
  readonly #rank: (most: number) => RankedDocuments
  #most: number
  #ranked: RankedDocuments

  /** `rank` returns at most `most` documents. */
  constructor(wanted: number, rank: (most: number) => RankedDocuments) {
    this.#rank = rank
    this.#most = AHEAD_SHARE * wanted + AHEAD
    this.#ranked = rank(this.#most)
  }

  /**
   * The documents from a position on: as many as requested, and all that tie with the last of them. Empty at the end.
   */
  page(from: number, wanted: number): readonly number[] {
    const end = this.#end(from, wanted)
    const isWhole = this.#ranked.docids.length < this.#most
    if (!isWhole && end === this.#most) {
      this.#most = Infinity
      this.#ranked = this.#rank(Infinity)
      return this.page(from, wanted)
    }
    return this.#ranked.docids.slice(from, end)
  }

  score(place: number): number {
    return this.#ranked.scores[place]
  }

  #end(from: number, wanted: number): number {
    const { scores } = this.#ranked
    let end = Math.min(scores.length, from + Math.min(wanted, MOST_DOCUMENTS))
    while (end > from && end < scores.length && scores[end] === scores[end - 1]) end++
    return end
  }
}
