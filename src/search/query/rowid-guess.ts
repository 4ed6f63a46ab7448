/** Rows of so many positions are likely to have rowids with the same distance from their positions. */
const BLOCK = 1024
/** The number of rows that are not guessed at most, after guesses that were wrong. */
const MOST_SKIPPED = 64

/**
 * Guesses the rowids of the rows of an index. An index reads a table in the order of rowids, and new rows follow, so most rows
 * have the same distance between position and rowid as those near them. To look up a row by its rowid takes half as long
 * as by its key; a wrong guess costs a look-up in vain, so wrong ones lead to fewer guesses.
 */
export class RowidGuess {
  readonly #distances = new Map<number, number>()
  #last: number | undefined
  #wrong = 0
  #skips = 0

  /** The rowid that a position may have. */
  at(position: number): number | undefined {
    if (this.#skips > 0) {
      this.#skips--
      return undefined
    }
    const distance = this.#distances.get(Math.floor(position / BLOCK)) ?? this.#last
    const rowid = distance === undefined ? undefined : position + distance
    return Number.isSafeInteger(rowid) ? rowid : undefined
  }

  /** The rowid that a position has, NaN if unknown, and what was guessed for it. */
  learn(position: number, rowid: number, guessed: number | undefined): void {
    if (!Number.isSafeInteger(rowid)) return
    if (guessed === rowid) {
      this.#wrong = 0
      return
    }
    if (guessed !== undefined) this.#skips = Math.min(MOST_SKIPPED, 2 ** this.#wrong++)
    this.#last = rowid - position
    this.#distances.set(Math.floor(position / BLOCK), this.#last)
  }
}
