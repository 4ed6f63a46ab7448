import { MAX_RESULTS } from '../../../accelerators/kernels.ts'
import { copyAllowed } from './allowed-rows.ts'
import type { CandidateSet } from './candidate-set.ts'
import type { RowScan, ScanMemory } from './row-scan.ts'
import type { ScanScratch } from './scan-scratch.ts'

/** The rows of several searches, and what all of them look for. */
export interface SharedRequest {
  readonly positions: number
  readonly k: number
  readonly min: number
  readonly max: number
  /** A bitmap of the allowed positions; undefined: all positions. */
  readonly allowed: Uint32Array | undefined
}

/**
 * The number of rows at the start of a block that a search begins with: every row is a result until the threshold has
 * risen.
 */
export function sampleRows(k: number): number {
  return Math.min(MAX_RESULTS, Math.ceil(k / 16) * 32)
}

/** The number of blocks whose first rows are the sample. With more, it costs more than it saves. */
const SAMPLED_BLOCKS = 32

/** One block in so many belongs to the sample, the first among them. */
export function sampledEvery(positions: number): number {
  return Math.ceil(positions / (MAX_RESULTS * SAMPLED_BLOCKS))
}

/** The rows of a block that do not belong to the sample. */
export function restOf(
  block: number,
  sample: number,
  positions: number,
): [from: number, to: number] {
  const first = block % sampledEvery(positions) === 0 ? sample : 0
  return [block * MAX_RESULTS + first, Math.min(positions, (block + 1) * MAX_RESULTS)]
}

/** The highest lower bound among results; very low without results. */
export function bestBound({ f64 }: ScanMemory, at: number, results: number): number {
  let best = -Number.MAX_VALUE
  for (let i = 0; i < results; i++) best = Math.max(best, f64[at / 8 + i])
  return best
}

/**
 * Scans all rows for a few queries. A block of rows stays in the cache while each query is compared with it. `found[i]`
 * has begun, and then has the candidates of `scans[i]`.
 */
export function scanTogether(
  memory: ScanMemory,
  scratch: ScanScratch,
  { allowed, k, max, positions }: SharedRequest,
  scans: readonly RowScan[],
  found: readonly CandidateSet[],
): void {
  const { allowed: bitmap, results: at } = scratch
  const sample = sampleRows(k)
  const blocks = Math.ceil(positions / MAX_RESULTS)
  const bests = scans.map(() => -Infinity)
  const firsts = scans.map(() => 0)
  let visits = 0
  /** The allowed rows among from..to-1, whose bitmap is then in place. */
  const visited = (from: number, to: number): number => {
    if (from >= to) return 0
    return allowed ? copyAllowed(memory, bitmap, allowed, from, to) : to - from
  }
  const scan = (query: number, from: number, to: number): number => {
    const { least } = found[query]
    const count = scans[query].scan(memory, from, to, least, max, allowed ? bitmap : 0)
    if (count > 0) found[query].take(memory, at, count)
    return count
  }
  for (let block = 0; block < blocks; block += sampledEvery(positions)) {
    const from = block * MAX_RESULTS
    const to = Math.min(positions, from + sample)
    const rows = visited(from, to)
    if (rows === 0) continue
    visits += rows
    for (let query = 0; query < scans.length; query++) {
      const best = bestBound(memory, at, scan(query, from, to))
      if (best <= bests[query]) continue
      bests[query] = best
      firsts[query] = block
    }
  }
  // The block with the nearest row of the sample raises the threshold most. Short steps use what the ones before found.
  for (const [query, block] of firsts.entries()) {
    const [start, to] = restOf(block, sample, positions)
    let length = sample
    for (let from = start; from < to; from += length) {
      length = Math.min(MAX_RESULTS, length * 2)
      const end = Math.min(to, from + length)
      if (visited(from, end) > 0) scan(query, from, end)
    }
  }
  for (let block = 0; block < blocks; block++) {
    const [from, to] = restOf(block, sample, positions)
    const rows = visited(from, to)
    if (rows === 0) continue
    visits += rows
    for (let query = 0; query < scans.length; query++) {
      if (firsts[query] !== block) scan(query, from, to)
    }
  }
  for (const candidates of found) {
    candidates.visited = visits
    candidates.finish()
  }
}
