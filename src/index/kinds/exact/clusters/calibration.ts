import { ByteReader } from '../../../../core/byte-reader.ts'
import { ByteWriter } from '../../../../core/byte-writer.ts'
import type { Promised } from '../../../clusters.ts'

/** What one search for a stored row has told: it was left out of its own answer. */
export interface Trial {
  /** Margins that the clusters of its k best rows had when it was their turn, in any order. */
  readonly margins: Float64Array
  /** How near the nearest centroid and the k-th row were. */
  readonly nearest: number
  readonly least: number
  /** Margins of all clusters, and their rows. */
  readonly clusterMargins: Float64Array
  readonly clusterSizes: Float64Array
}

/** A promise leaves so many standard errors of the mean recall between itself and what trials found. */
const ERRORS = 1.5
/** At most this share of queries may find less than the share FEW of their rows. */
const HARD = 0.003
const FEW = 0.8
/** So few trials tell little of so small a share: it is reckoned from the hardest of them, whose margins fall off exponentially. */
const HARDEST = 0.05
/** Queries with less than this share of the trials behind them are unlike the rows. */
const UNLIKE = 0.004
/** Steps by which the rows visited up to a margin are remembered, and margins that are drawn for each. */
const STEPS = 512
const SAMPLED = 8

/** So many levels of recall are remembered. */
const MOST_PROMISES = 16

/** What is kept of trials. */
interface Evidence {
  /** Rows that each trial looked for. */
  readonly k: number
  /** The margins of each trial, rising. */
  readonly trials: readonly Float64Array[]
  readonly nearest: number
  readonly least: number
  /** Rising margins, and the rows that a search visits on average with each as its limit. */
  readonly steps: Float64Array
  readonly visited: Float64Array
}

/** What trials say of the limits that keep a promise. */
export class Calibration {
  readonly #evidence: Evidence
  readonly #sorted: Float64Array
  readonly #promises = new Map<number, Omit<Promised, 'expensive'>>()

  private constructor(evidence: Evidence) {
    this.#evidence = evidence
    this.#sorted = Float64Array.from(evidence.trials.flatMap(margins => [...margins])).toSorted()
  }

  static of(k: number, trials: readonly Trial[]): Calibration {
    return new Calibration({
      k,
      trials: trials.map(({ margins }) => margins.toSorted()),
      nearest: quantile(
        trials.map(({ nearest }) => nearest),
        UNLIKE,
      ),
      least: quantile(
        trials.map(({ least }) => least),
        UNLIKE,
      ),
      ...visits(trials),
    })
  }

  /** Throws VEC_STORAGE for bytes that end too early. */
  static restore(bytes: Uint8Array): Calibration[] {
    const reader = new ByteReader(bytes, 'saved calibration')
    const numbers = (count: number): Float64Array =>
      new Float64Array(reader.bytes(count * 8, 'numbers').slice().buffer)
    return Array.from({ length: reader.u32('calibrations') }, () => {
      const k = reader.u32('rows')
      const count = reader.u32('trials')
      const steps = reader.u32('steps')
      const [nearest, least] = numbers(2)
      const margins = numbers(steps)
      const visited = numbers(steps)
      reader.need(count * 4, 'trials')
      const trials = Array.from({ length: count }, () => numbers(reader.u32('margins')))
      return new Calibration({ k, trials, nearest, least, steps: margins, visited })
    })
  }

  static save(calibrations: readonly Calibration[]): Uint8Array {
    const writer = new ByteWriter(1 << 16)
    const numbers = ({ buffer, byteLength, byteOffset }: Float64Array): void =>
      writer.bytes(new Uint8Array(buffer, byteOffset, byteLength))
    writer.u32(calibrations.length)
    for (const { evidence } of calibrations) {
      const { k, trials, nearest, least, steps, visited } = evidence
      writer.u32(k)
      writer.u32(trials.length)
      writer.u32(steps.length)
      numbers(Float64Array.of(nearest, least))
      numbers(steps)
      numbers(visited)
      for (const margins of trials) {
        writer.u32(margins.length)
        numbers(margins)
      }
    }
    return writer.finish()
  }

  get evidence(): Evidence {
    return this.#evidence
  }

  get k(): number {
    return this.#evidence.k
  }

  /** The limits that find this share of the k best rows, on average over queries like the rows. `most`: more visited rows are not worth it. */
  promise(recall: number, most: number): Promised {
    const known = this.#promises.get(recall) ?? this.#reckoned(recall)
    return { ...known, expensive: known.visited > most }
  }

  /** The promises made so far. */
  promises(most: number): Promised[] {
    return [...this.#promises.keys()].map(recall => this.promise(recall, most))
  }

  #reckoned(recall: number): Omit<Promised, 'expensive'> {
    const { k, least, nearest, trials } = this.#evidence
    const margin = this.#marginFor(recall)
    const promised = {
      recall,
      k,
      measured: this.#measure(margin).mean,
      trials: trials.length,
      visited: this.#visited(margin),
      limits: { margin, nearest, least },
    }
    const [oldest] = this.#promises.keys()
    if (this.#promises.size >= MOST_PROMISES) this.#promises.delete(oldest)
    this.#promises.set(recall, promised)
    return promised
  }

  #marginFor(recall: number): number {
    return Math.max(this.#marginOfMean(recall), this.#marginOfHard())
  }

  /** Of queries that need the largest margins for the share FEW of their rows. */
  #marginOfHard(): number {
    const needed = this.#evidence.trials
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
    const { trials } = this.#evidence
    let sum = 0
    let squares = 0
    for (const margins of trials) {
      let found = 0
      while (found < margins.length && margins[found] <= margin) found++
      const recall = margins.length === 0 ? 1 : found / margins.length
      sum += recall
      squares += recall * recall
    }
    const count = trials.length
    const mean = sum / count
    const variance = Math.max(0, squares / count - mean * mean)
    return { mean, error: Math.sqrt(variance / count) }
  }

  /** Rows that a search visits on average. */
  #visited(margin: number): number {
    const { steps, visited } = this.#evidence
    return visited[Math.min(steps.length - 1, firstReaching(steps, margin))] ?? 0
  }
}

/** The steps are quantiles, as some margins are far from all others: those of clusters whose rows are all alike. */
function visits(trials: readonly Trial[]): Pick<Evidence, 'steps' | 'visited'> {
  const total = trials.reduce((sum, { clusterMargins }) => sum + clusterMargins.length, 0)
  const stride = Math.max(1, Math.floor(total / (STEPS * SAMPLED)))
  const sample: number[] = []
  let passed = 0
  for (const { clusterMargins } of trials) {
    for (const margin of clusterMargins) if (passed++ % stride === 0) sample.push(margin)
  }
  const sorted = Float64Array.from(sample).toSorted()
  const steps = sorted.filter((_, i) => i % SAMPLED === 0 || i === sorted.length - 1)
  const visited = new Float64Array(steps.length)
  for (const { clusterMargins, clusterSizes } of trials) {
    for (const [i, margin] of clusterMargins.entries()) {
      const step = Math.min(steps.length - 1, firstReaching(steps, margin))
      visited[step] += clusterSizes[i] / trials.length
    }
  }
  for (let step = 1; step < visited.length; step++) visited[step] += visited[step - 1]
  return { steps, visited }
}

/** The first of rising numbers that is at least so large, or their count. */
function firstReaching(steps: Float64Array, margin: number): number {
  let low = 0
  let high = steps.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (steps[middle] < margin) low = middle + 1
    else high = middle
  }
  return low
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(share * sorted.length)] ?? -Infinity
}
