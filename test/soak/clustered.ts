import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Connection } from '../../src/entries/main.ts'
import { indexCache } from '../../src/entries/vec.ts'
import { mixed } from '../freshness/mixed.ts'
import { bruteForce, searched, type Question } from '../freshness/oracle.ts'

/** So many rows that an index has clusters, also when a tenth of them goes; and so few that brute force is cheap. */
export const CLUSTERED_ROWS = 11_000
/** Fewer have none. */
export const FEWEST_CLUSTERED = 8192
/** A power of 2, for `mixed`. */
export const CLUSTERED_DIM = 256
/** What the tables promise, and what searches ask for. */
export const PROMISES: readonly number[] = [0.9, 0.95, 0.99]

const CENTRES = 40
const WANTED = 10
/** A mean below its promise by more standard errors is no accident. */
const ERRORS = 4
/** Fewer searches say nothing. */
const FEWEST = 30

/** Vectors around centres. Their squares are along a few axes, so that an index rotates them; some come again, and tie. */
export class ClusteredVectors {
  readonly #next: () => number
  readonly #centres: readonly Float32Array[]
  #last: Float32Array | undefined

  /** The centres depend on nothing, so that every process draws from the same distribution. */
  constructor(next: () => number) {
    this.#next = next
    const numbers = Array.from({ length: CENTRES * CLUSTERED_DIM }, (_, i) => {
      const sine = Math.sin(i + 1) * 43758.5453
      return (sine - Math.floor(sine) - 0.5) * 0.96 ** (i % CLUSTERED_DIM)
    })
    this.#centres = Array.from({ length: CENTRES }, (_, i) =>
      Float32Array.from(numbers.slice(i * CLUSTERED_DIM, (i + 1) * CLUSTERED_DIM)),
    )
  }

  next(): Float32Array {
    const random = this.#next
    if (this.#last && random() < 0.05) return this.#last
    const centre = this.#centres[Math.floor(random() * CENTRES)]
    this.#last = mixed(centre.map((v, i) => v + 1.6 * (random() - 0.5) * 0.96 ** i))
    return this.#last
  }
}

/**
 * Whether clusters answer searches for a part of the rows of this dataset now. A transaction may have an index of its own,
 * which this does not know.
 */
export function areClustered(db: Connection, { dataset, schema = 'main' }: Question): boolean {
  return [...indexCache.attach(db, schema).entries.values()].some(
    entry => entry.dataset === dataset && entry.datasetIndex?.clusters.current?.ready === true,
  )
}

/** Searches until clusters answer. */
export async function untilClustered(db: Connection, question: Question): Promise<void> {
  for (let turns = 0; !areClustered(db, question); turns++) {
    if (turns > 20_000) throw new Error('clusters are not made')
    if (turns % 100 === 0) searched(db, { ...question, recall: PROMISES[0], limit: WANTED })
    await nextTurn()
  }
}

interface Tally {
  searches: number
  /** Those that clusters could answer. */
  clustered: number
  recalls: number
  squares: number
}

/** Searches with a promise: what is found is right, and over all of them the promise is kept. */
export class RecallTally {
  readonly #tallies = new Map<number, Tally>()

  /** Searches for a vector that is distributed like the rows. What is wrong with the answer. */
  ask(db: Connection, question: Question, recall: number): string | undefined {
    const found = searched(db, { ...question, recall, limit: WANTED })
    const isClustered = areClustered(db, question)
    const exact = bruteForce(db, { ...question, limit: undefined }).found
    const scores = new Map(exact.map(({ id, score }) => [id, score]))
    const wanted = exact.slice(0, WANTED)
    const problem = (what: string): string =>
      `recall ${recall}: ${what}\n  gave ${JSON.stringify(found)}\n  of   ${JSON.stringify(wanted)}`
    if (found.length !== wanted.length) return problem('too few rows')
    if (new Set(found.map(({ id }) => id)).size !== found.length) return problem('a row twice')
    for (const [i, { id, score }] of found.entries()) {
      if (scores.get(id) !== score) return problem(`the score of ${id}`)
      if (i > 0 && score > found[i - 1].score) return problem('not in order')
    }
    if (wanted.length === 0) return undefined
    const least = wanted.at(-1)!.score
    const share = found.filter(({ score }) => score >= least).length / wanted.length
    this.#add(recall, isClustered, share)
    return undefined
  }

  #add(recall: number, isClustered: boolean, share: number): void {
    let tally = this.#tallies.get(recall)
    if (!tally) {
      tally = { searches: 0, clustered: 0, recalls: 0, squares: 0 }
      this.#tallies.set(recall, tally)
    }
    tally.searches++
    if (!isClustered) return
    tally.clustered++
    tally.recalls += share
    tally.squares += share * share
  }

  /** By promise: searches, those that clusters could answer, and the mean share that these found. */
  get report(): Record<string, { searches: number; clustered: number; mean: number }> {
    return Object.fromEntries(
      [...this.#tallies].map(([recall, { clustered, recalls, searches }]) => [
        recall,
        { searches, clustered, mean: recalls / Math.max(1, clustered) },
      ]),
    )
  }

  /** Throws if a promise was not kept. */
  check(): void {
    for (const [recall, { clustered, recalls, squares }] of this.#tallies) {
      if (clustered < FEWEST) continue
      const mean = recalls / clustered
      const error = Math.sqrt(Math.max(0, squares / clustered - mean * mean) / clustered)
      if (mean + ERRORS * error < recall) {
        throw new Error(`recall ${recall} is promised: ${mean} found in ${clustered} searches`)
      }
    }
  }
}
