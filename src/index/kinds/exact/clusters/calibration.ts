import type { Promised } from '../../../clusters.ts'

/** What one search for a stored row has told: it was left out of its own answer. */
export interface Trial {
  /** Margins that the clusters of its k best rows had when it was their turn, in any order. */
  readonly margins: Float64Array
  /** How near the nearest centroid and the k-th row were. */
  readonly nearest: number
  readonly least: number
  /** Margins of all clusters that were visited, and their rows. */
  readonly clusterMargins: Float64Array
  readonly clusterSizes: Float64Array
}

/** A promise leaves so many standard errors of the mean recall between itself and what trials found. */
const ERRORS = 1.5
/** At most this share of queries may find less than the share FEW of their rows. */
const HARD = 0.004
const FEW = 0.8
/** So few trials tell little of so small a share: it is reckoned from the hardest of them, whose margins fall off exponentially. */
const HARDEST = 0.05
/** Queries with less than this share of the trials behind them are unlike the rows. */
const UNLIKE = 0.004

/** So many levels of recall are remembered. */
const MOST_PROMISES = 16

/** What trials say of the limits that keep a promise. */
export class Calibration {
  /** Rows that each trial looked for. */
  readonly k: number
  readonly trials: number
  readonly #trials: readonly Float64Array[]
  readonly #sorted: Float64Array
  readonly #most: number
  readonly #nearest: number
  readonly #least: number
  /** Margins of visited clusters, rising, and the rows of each and those before it. */
  readonly #margins: Float64Array
  readonly #sizes: Float64Array
  readonly #limits = new Map<number, Promised>()

  /** `most`: more visited rows are not worth it. */
  constructor(k: number, trials: readonly Trial[], most: number) {
    this.k = k
    this.#most = most
    this.trials = trials.length
    this.#trials = trials.map(({ margins }) => margins.toSorted())
    this.#sorted = Float64Array.from(trials.flatMap(({ margins }) => [...margins])).toSorted()
    this.#nearest = quantile(
      trials.map(({ nearest }) => nearest),
      UNLIKE,
    )
    this.#least = quantile(
      trials.map(({ least }) => least),
      UNLIKE,
    )
    const visits = trials.flatMap(({ clusterMargins, clusterSizes }) =>
      [...clusterMargins].map((margin, i) => ({ margin, size: clusterSizes[i] })),
    )
    visits.sort((a, b) => a.margin - b.margin)
    let sum = 0
    this.#margins = Float64Array.from(visits, ({ margin }) => margin)
    this.#sizes = Float64Array.from(visits, ({ size }) => (sum += size))
  }

  /** The limits that find this share of the k best rows, on average over queries like the rows. */
  promise(recall: number): Promised {
    const known = this.#limits.get(recall)
    if (known) return known
    const margin = this.#marginFor(recall)
    const promised: Promised = {
      recall,
      k: this.k,
      measured: this.#measure(margin).mean,
      trials: this.trials,
      visited: this.#visited(margin),
      dear: this.#visited(margin) > this.#most,
      limits: { margin, nearest: this.#nearest, least: this.#least },
    }
    const [oldest] = this.#limits.keys()
    if (this.#limits.size >= MOST_PROMISES) this.#limits.delete(oldest)
    this.#limits.set(recall, promised)
    return promised
  }

  /** The promises made so far. */
  get promises(): readonly Promised[] {
    return [...this.#limits.values()]
  }

  #marginFor(recall: number): number {
    return Math.max(this.#marginOfMean(recall), this.#marginOfHard())
  }

  /** Of queries that need the largest margins for the share FEW of their rows. */
  #marginOfHard(): number {
    const needed = this.#trials
      .map(margins => margins[Math.ceil(FEW * margins.length) - 1] ?? -Infinity)
      .toSorted((a, b) => a - b)
    const tail = needed.slice(Math.floor((1 - HARDEST) * needed.length))
    const [least] = tail
    if (least === undefined || least === -Infinity) return -Infinity
    const excess = tail.reduce((sum, margin) => sum + margin - least, 0) / tail.length
    return least + excess * Math.log(HARDEST / HARD)
  }

  #marginOfMean(recall: number): number {
    const sorted = this.#sorted
    const step = Math.max(1, Math.floor(sorted.length / 2000))
    for (let at = Math.ceil(recall * sorted.length) - 1; at < sorted.length - 1; at += step) {
      const { mean, error } = this.#measure(sorted[at])
      if (mean - ERRORS * error >= recall) return sorted[at]
    }
    return Infinity
  }

  /** Mean recall with a limit of the margin, and its standard error. */
  #measure(margin: number): { mean: number; error: number } {
    let sum = 0
    let squares = 0
    for (const margins of this.#trials) {
      let found = 0
      while (found < margins.length && margins[found] <= margin) found++
      const recall = margins.length === 0 ? 1 : found / margins.length
      sum += recall
      squares += recall * recall
    }
    const { trials } = this
    const mean = sum / trials
    const variance = Math.max(0, squares / trials - mean * mean)
    return { mean, error: Math.sqrt(variance / trials) }
  }

  /** Rows that a search visits on average. */
  #visited(margin: number): number {
    let low = 0
    let high = this.#margins.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#margins[middle] <= margin) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : this.#sizes[low - 1] / this.trials
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(share * sorted.length)] ?? -Infinity
}
