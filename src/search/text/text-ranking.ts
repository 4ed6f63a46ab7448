/** Documents of a text index, best first. */
export interface RankedDocuments {
  readonly docids: readonly number[]
  /** BM25, higher for better. */
  readonly scores: readonly number[]
}

/** More documents than are wanted are ranked at once, since equal ones at the end have to be ordered by id. */
const AHEAD = 64
const AHEAD_SHARE = 2
/** Most documents of a page, unless more are equal. */
const MOST_DOCUMENTS = 1024

/** The documents that match an expression, best first: few are ranked at first, and all once these are not enough. */
export class TextRanking {
  readonly #rank: (most: number) => RankedDocuments
  #most: number
  #ranked: RankedDocuments

  /** `rank` gives at most `most` documents. */
  constructor(wanted: number, rank: (most: number) => RankedDocuments) {
    this.#rank = rank
    this.#most = AHEAD_SHARE * wanted + AHEAD
    this.#ranked = rank(this.#most)
  }

  /** The documents from a place on: as many as are wanted, and all that equal the last of them. None: there are no more. */
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
