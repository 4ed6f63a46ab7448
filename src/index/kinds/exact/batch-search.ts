import { SharedBatch } from '#shared-scan'
import type { Block } from '../../../accelerators/arena.ts'
import { BoundedHeap } from '../../../core/bounded-heap.ts'
import type { Candidates } from '../../candidates.ts'
import type { BatchRequest, SearchBatch } from '../../search-batch.ts'
import { countAllowed } from './allowed-rows.ts'
import { CandidateSet } from './candidate-set.ts'
import type { RowScan } from './row-scan.ts'
import type { CodedRows } from './rows.ts'
import { scanScratch } from './scan-scratch.ts'
import { scanTogether, type SharedRequest } from './scan-together.ts'

/** The number of searches that share the rows in the cache. */
const GROUP = 4
/** The number of last searches that are groups of their own, so that threads end at about the same time. */
const SINGLE = 4
/** The number of searches in a batch, and of the rows that all of them ask for. */
const MOST_SEARCHES = 128
const MOST_ROWS = 4096
/** What a search finds beyond the rows that it asks for, as a rule. */
const SPARE = 16

const heaps = Array.from({ length: GROUP }, () => new BoundedHeap())

/** Searches of one index that differ in their queries alone. They are done when they are asked for, in order. */
export class BatchSearch implements SearchBatch {
  readonly count: number
  readonly #rows: CodedRows
  readonly #request: SharedRequest
  readonly #visits: number
  readonly #codes: Block
  readonly #scans: (RowScan | undefined)[] = []
  readonly #firsts: readonly number[]
  readonly #found: (CandidateSet | undefined)[]
  readonly #shared: SharedBatch | undefined
  /** The first group that is left, without threads. */
  #next = 0
  /** The time of the searches of this thread, and their number. */
  #time = 0
  #searched = 0

  /** `areDecoded`: the queries are vectors that `decode` wrote. */
  constructor(rows: CodedRows, request: BatchRequest, areDecoded = false) {
    const { allowed, k, maxSimilarity = Infinity, minSimilarity = -Infinity, queries } = request
    const { block } = rows
    const { positions } = block
    this.#rows = rows
    this.#request = { positions, k, min: minSimilarity, max: maxSimilarity, allowed }
    this.#visits = allowed ? countAllowed(allowed, positions) : positions
    this.count = Math.min(queries.length, MOST_SEARCHES, Math.ceil(MOST_ROWS / (k + SPARE)))
    const bytes = block.rows - block.query
    this.#codes = block.arena.allocate(this.count * bytes)
    const { address } = this.#codes
    for (let i = 0; i < this.count; i++) {
      const query = queries[i]
      if (!(areDecoded ? rows.setDecodedQuery(query) : rows.setQuery(query))) continue
      const at = address + i * bytes
      block.arena.u8.copyWithin(at, block.query, block.rows)
      this.#scans[i] = rows.rowScan.forQuery(at)
    }
    this.#found = Array.from({ length: this.count })
    this.#firsts = firstsOf(this.count)
    // A query of length 0 finds nothing. It is too rare to be worth a task without it.
    const scans = this.#scans.filter(scan => scan !== undefined)
    this.#shared =
      scans.length === this.count
        ? SharedBatch.of(block, this.#request, scans, this.#firsts)
        : undefined
  }

  candidates(search: number): Candidates {
    const group = this.#groupOf(search)
    while (!this.#found[search]) {
      if (this.#shared?.isDone(group)) this.#merge(group)
      else this.#advance(group)
    }
    const found = this.#found[search]
    found.visited = this.#scans[search] ? this.#visits : 0
    return found
  }

  end(): void {
    this.#shared?.end()
    // The memory of a disposed index belongs to another one.
    if (!this.#rows.block.isDisposed) this.#codes.free()
  }

  /** Searches the next group, or waits for the wanted one. */
  #advance(wanted: number): void {
    if (!this.#shared) {
      this.#search(this.#next++)
      return
    }
    const group = this.#shared.take()
    if (group >= 0) this.#search(group)
    else this.#await(wanted)
  }

  /** Another thread needs as long for a group as this one, unless it is interrupted: then this one searches it. */
  #await(group: number): void {
    const [first, end] = this.#range(group)
    const usual = (this.#time / Math.max(this.#searched, 1)) * (end - first)
    const patience = performance.now() + usual
    const shared = this.#shared!
    while (!shared.isDone(group) && performance.now() < patience);
    if (shared.handIn(group)) this.#search(group)
  }

  #search(group: number): void {
    const [first, end] = this.#range(group)
    const start = performance.now()
    const scans: RowScan[] = []
    const found: CandidateSet[] = []
    for (let search = first; search < end; search++) {
      const scan = this.#scans[search]
      const candidates = this.#begin(search, heaps[search - first])
      if (!scan) continue
      scans.push(scan)
      found.push(candidates)
    }
    scanTogether(this.#rows.block.arena, scanScratch(0), this.#request, scans, found)
    this.#time += performance.now() - start
    this.#searched += end - first
  }

  #merge(group: number): void {
    const [first, end] = this.#range(group)
    for (let search = first; search < end; search++) {
      this.#shared!.merge(group, search, this.#begin(search, heaps[0]))
    }
  }

  #begin(search: number, heap: BoundedHeap): CandidateSet {
    const { k, max, min } = this.#request
    const candidates = new CandidateSet(heap)
    candidates.begin(k, min, max)
    this.#found[search] = candidates
    return candidates
  }

  #groupOf(search: number): number {
    return this.#firsts.findLastIndex(first => first <= search)
  }

  #range(group: number): [first: number, end: number] {
    return [this.#firsts[group], this.#firsts[group + 1] ?? this.count]
  }
}

/** The first search of each group. */
function firstsOf(count: number): number[] {
  const firsts: number[] = []
  for (let at = 0; at < count; at += count - at > GROUP + SINGLE ? GROUP : 1) firsts.push(at)
  return firsts
}
