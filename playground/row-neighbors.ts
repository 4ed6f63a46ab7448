import type { Neighbors, Place, Source } from '../src/ui/contract.ts'

/** So long may a search of the person wait for a block of rows, in milliseconds. */
const BLOCK_TIME = 100
const MOST_IN_BLOCK = 500
/** Milliseconds from one list to the next, while more rows are looked at. */
const PAUSE = 1000

export interface Looking {
  readonly signal: AbortSignal
  /** What is done, and which part of it, from 0 to 1. */
  progress(this: void, step: string, done: number): void
  /** Those that are found so far. */
  found(this: void, found: Neighbors): Promise<void>
}

/** The nearest other rows of some rows, exactly, block by block. */
export async function neighborsOfSome(
  source: Source,
  place: Place,
  rows: Float64Array,
  { signal, progress, found: tell }: Looking,
): Promise<Neighbors> {
  const all = [0, 1, 2].map(() => new Float64Array(rows.length))
  let used = 0
  const found = (): Neighbors => {
    const [own, nearest, scores] = all.map(values => values.subarray(0, used))
    return { rows: own, nearest, scores }
  }
  let size = 8
  let told = performance.now()
  for (let at = 0; at < rows.length;) {
    signal.throwIfAborted()
    progress('comparing with all rows', at / rows.length)
    const block = Array.from(rows.subarray(at, at + size))
    const began = performance.now()
    const part = await source.call('neighbors', place, block)
    const time = Math.max(1, performance.now() - began)
    for (const [i, values] of [part.rows, part.nearest, part.scores].entries())
      all[i].set(values, used)
    used += part.rows.length
    at += block.length
    size = Math.max(4, Math.min(MOST_IN_BLOCK, 2 * size, Math.round((size * BLOCK_TIME) / time)))
    if (performance.now() - told < PAUSE) continue
    await tell(found())
    told = performance.now()
  }
  signal.throwIfAborted()
  return found()
}

/** The nearest other rows of all rows, nearly all exactly, and the share of some rows for which that was so. */
export async function neighborsOfAll(
  source: Source,
  place: Place,
  { signal, progress }: Looking,
): Promise<{ readonly found: Neighbors; readonly share: number; readonly trials: number }> {
  const search = await source.call('beginNeighbors', place)
  try {
    for (;;) {
      signal.throwIfAborted()
      const {
        step,
        done,
        found,
        share = 0,
        trials = 0,
      } = await source.call('continueNeighbors', search)
      if (found !== undefined) return { found, share, trials }
      progress(step, done)
    }
  } finally {
    // Frees the memory; a search that has ended is not kept.
    if (signal.aborted) void source.call('endNeighbors', search).catch(() => undefined)
  }
}

export interface Pair {
  readonly row: number
  readonly nearest: number
  readonly score: number
}

/** The rows of the highest scores, first, or with the sign -1 those of the lowest. Of the highest, no pair comes twice. */
export function bestPairs(
  { rows, nearest, scores }: Neighbors,
  most: number,
  sign: 1 | -1,
): Pair[] {
  // Two rows that are the nearest of each other give the same pair.
  const places: number[] = []
  let least = -Infinity
  for (let at = 0; at < rows.length; at++) {
    if (!(sign * scores[at] > least)) continue
    places.push(at)
    if (places.length < 8 * most) continue
    shorten(places)
    least = sign * scores[places[places.length - 1]]
  }
  shorten(places)
  function shorten(list: number[]): void {
    list.sort((a, b) => sign * (scores[b] - scores[a]) || a - b)
    list.length = Math.min(list.length, 2 * most)
  }
  const seen = new Set<string>()
  return places
    .filter(at => {
      const key = [Math.min(rows[at], nearest[at]), Math.max(rows[at], nearest[at])].join()
      return sign === -1 || (!seen.has(key) && seen.add(key))
    })
    .slice(0, most)
    .map(at => ({ row: rows[at], nearest: nearest[at], score: scores[at] }))
}
