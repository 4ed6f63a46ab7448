/** The number of searches with help, and without, before they are compared. */
const FIRST = 8
/** The weight of a new time among the others. */
const WEIGHT = 1 / 8
/** A search that took more than this many times the usual time was interrupted, and counts as this many. */
const MOST = 3
/** The slower way is tried in 1 of `OFTEN` to `SELDOM` searches, so that trials cost at most `MOST_LOSS` of the time. */
const OFTEN = 16
const SELDOM = 1024
const MOST_LOSS = 0.018
/** Help is used if searches with it take less than this share of the time. */
const MARGIN = 0.98
/**
 * The share of the usual deviations that the difference of both times must exceed: on a loaded machine, times vary so much that
 * the slower way often seems faster.
 */
const NOISE = 0.2

/** Measures whether other threads make the searches of an index faster. It never stops, since the load of the cores changes. */
export class HelpTrial {
  readonly #alone = new UsualTime()
  readonly #helped = new UsualTime()
  #searches = 0

  /** Whether the next search gets help. */
  pick(): boolean {
    const number = ++this.#searches
    if (!this.#alone.isKnown || !this.#helped.isKnown) {
      return this.#helped.count <= this.#alone.count
    }
    const ratio = this.#helped.time / this.#alone.time
    const noise = (this.#helped.deviation + this.#alone.deviation) * NOISE
    const usual = this.#helped.time + noise < this.#alone.time * MARGIN
    const loss = Math.max(ratio, 1 / ratio) - 1
    const every = Math.min(SELDOM, Math.max(OFTEN, Math.ceil(loss / MOST_LOSS)))
    return number % every === 0 ? !usual : usual
  }

  /** Adds the time of a search for each row, in any unit. */
  add(helped: boolean, time: number): void {
    if (helped) this.#helped.add(time)
    else this.#alone.add(time)
  }
}

class UsualTime {
  time = 0
  /** How far a time is from the usual one, on average. */
  deviation = 0
  readonly #first: number[] = []

  get isKnown(): boolean {
    return this.count >= FIRST
  }

  get count(): number {
    return this.#first.length
  }

  add(time: number): void {
    if (!this.isKnown) {
      this.#begin(time)
      return
    }
    const counted = Math.min(time, MOST * this.time)
    const deviation = Math.abs(counted - this.time)
    this.time += (counted - this.time) * WEIGHT
    this.deviation += (deviation - this.deviation) * WEIGHT
  }

  /** The median of the first times: their mean would remember a pause of several searches for a thousand of them. */
  #begin(time: number): void {
    const first = this.#first
    first.push(time)
    this.time = first.toSorted((a, b) => a - b)[(first.length - 1) >> 1]
    const most = this.time * MOST
    const deviations = first.map(each => Math.abs(Math.min(each, most) - this.time))
    this.deviation = deviations.reduce((sum, each) => sum + each, 0) / first.length
  }
}
