import { newTrial, SharedScan } from '#shared-scan'
import { MAX_RESULTS } from '../../../accelerators/kernels.ts'
import type { Candidates, SearchRequest } from '../../vector-index.ts'
import { copyAllowed } from './allowed-rows.ts'
import { CandidateSet } from './candidate-set.ts'
import type { Rows } from './rows.ts'
import { ALLOWED, RESULTS } from './scan-scratch.ts'
import { bestBound, restOf, sampledEvery, sampleRows } from './scan-together.ts'

/** The searches of one index: bounds for every row, block by block. */
export class RowSearch {
  readonly #candidates = new CandidateSet()
  readonly #trials = { all: newTrial(), filtered: newTrial() }

  /** At most the similarity of the k-th best row of the last search. */
  get least(): number {
    return this.#candidates.least
  }

  /** `count` is the number of live rows. */
  search(rows: Rows, request: SearchRequest, count: number): Candidates {
    const { allowed, k, maxSimilarity = Infinity, minSimilarity = -Infinity, query } = request
    const candidates = this.#candidates
    const { dim, positions } = rows.block
    if (query.length !== dim) {
      throw new RangeError(`the query has ${query.length} dimensions, the index has ${dim}`)
    }
    if (!(k >= 1)) throw new RangeError(`k must be at least 1, got ${k}`)
    if (allowed && allowed.length * 32 < positions) {
      throw new RangeError(`a bitmap of ${allowed.length * 32} bits for ${positions} positions`)
    }
    candidates.begin(k < count ? k : 0, minSimilarity, maxSimilarity)
    if (minSimilarity > maxSimilarity) return candidates
    const help = k < count ? SharedScan.of(rows, k, allowed) : undefined
    const trial = this.#trials[allowed ? 'filtered' : 'all']
    // Threads wake up while this one prepares the query.
    const shared = trial !== undefined && (help?.picks(trial) ?? false)
    if (!rows.setQuery(query)) return candidates
    if (!help) {
      this.#scanAll(rows, request)
    } else {
      const start = performance.now()
      this.#scanAll(rows, request, shared ? help : undefined)
      trial?.add(shared, (performance.now() - start) / Math.max(candidates.visited, 1))
    }
    candidates.finish()
    return candidates
  }

  #scanAll(rows: Rows, request: SearchRequest, help?: SharedScan): void {
    const { allowed, k, maxSimilarity = Infinity, minSimilarity = -Infinity } = request
    const { arena, positions } = rows.block
    const candidates = this.#candidates
    const [bitmap, found] = [ALLOWED + arena.shift, RESULTS + arena.shift]
    const scan = (from: number, to: number): number => {
      const visits = allowed ? copyAllowed(arena, bitmap, allowed, from, to) : to - from
      if (visits === 0) return 0
      candidates.visited += visits
      const words = allowed ? bitmap : 0
      const results = rows.scan(from, to, candidates.least, maxSimilarity, words)
      if (results > 0) candidates.take(arena, found, results)
      return results
    }
    const sample = sampleRows(k)
    const blocks = Math.ceil(positions / MAX_RESULTS)
    const order: { block: number; best: number }[] = []
    const every = sampledEvery(positions)
    for (let block = 0; block < blocks; block++) {
      const from = block * MAX_RESULTS
      const results = block % every === 0 ? scan(from, Math.min(positions, from + sample)) : 0
      order.push({ block, best: bestBound(arena, found, results) })
    }
    order.sort((a, b) => b.best - a.best)
    // The first steps are short, since their results save work in the later ones.
    let length = sample
    const scanBlock = (block: number, afterStep?: () => void): void => {
      const [start, to] = restOf(block, sample, positions)
      for (let from = start; from < to; from += length) {
        length = Math.min(MAX_RESULTS, length * 2)
        scan(from, Math.min(to, from + length))
        afterStep?.()
      }
    }
    for (const [done, { block }] of order.entries()) {
      // If threads began earlier, they would lack a threshold, and heads would rule out nothing.
      if (help && done < blocks - 1 && candidates.least > -Infinity) {
        const rest = order.slice(done).map(each => each.block)
        help.scan(
          rest,
          { k, sample, min: minSimilarity, max: maxSimilarity },
          candidates,
          scanBlock,
        )
        return
      }
      scanBlock(block)
    }
  }
}
