/** Searches of each way before they are compared. */
const FIRST = 4
/** Weight of a new time among the others. */
const WEIGHT = 1 / 8
/** A search that took so many times as long as usual was interrupted, and counts as so many. */
const MOST = 4
/** The way that is not used is tried again in 1 of so many searches at most, and so seldom that it costs 2 % of the time at most. */
const OFTEN = 16
const SELDOM = 1024
const MOST_LOSS = 0.02
/** How much less time searches have to take with help, before it is used. */
const MARGIN = 0.98

/** Whether other threads make the searches of an index faster. That depends on what else the cores do, so it is measured all the time. */
export class HelpTrial {
  readonly #alone = new UsualTime()
  readonly #helped = new UsualTime()
  #searches = 0

  /** Whether the next search is helped. */
  pick(): boolean {
    const number = ++this.#searches
    if (this.#alone.count < FIRST || this.#helped.count < FIRST) {
      return this.#helped.count <= this.#alone.count
    }
    const ratio = this.#helped.time / this.#alone.time
    const usual = ratio < MARGIN
    const loss = Math.max(ratio, 1 / ratio) - 1
    const every = Math.min(SELDOM, Math.max(OFTEN, Math.ceil(loss / MOST_LOSS)))
    return number % every === 0 ? !usual : usual
  }

  /** What a search took for each row, in any unit. */
  add(helped: boolean, time: number): void {
    if (helped) this.#helped.add(time)
    else this.#alone.add(time)
  }
}

class UsualTime {
  time = 0
  count = 0

  add(time: number): void {
    const before = this.time
    if (this.count++ < FIRST) this.time += (time - before) / this.count
    else this.time += (Math.min(time, MOST * before) - before) * WEIGHT
  }
}
