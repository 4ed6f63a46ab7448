import { MAX_RESULTS, type Kernels } from '../../../../accelerators/kernels.ts'
import type { ThreadWork } from '../../../../accelerators/threads/thread-loop.ts'
import type { ThreadStart } from '../../../../accelerators/threads/thread-mail.ts'
import type { Turns } from '../../../../accelerators/threads/turns.ts'
import { BoundedHeap } from '../../../../core/bounded-heap.ts'
import type { WasmMemory } from '../../../../core/wasm-memory.ts'
import { CandidateSet } from '../candidate-set.ts'
import { compare, firstsOf } from '../clusters/comparison.ts'
import type { ScanMemory } from '../row-scan.ts'
import { scanScratch } from '../scan-scratch.ts'
import { restOf, scanTogether } from '../scan-together.ts'
import { MOST_FOUND, ScanBoard } from './scan-board.ts'
import {
  isBatch,
  isCompare,
  readTask,
  type BatchTask,
  type CompareTask,
  type ScanTask,
} from './scan-task.ts'

/** A thread's part of the scans of exact indexes. */
export class ScanShare implements ThreadWork {
  readonly #thread: number
  readonly #turns: Turns
  readonly #board: ScanBoard
  readonly #kernelsOver: (memory: WasmMemory) => Kernels
  readonly #memories = new Map<number, ScanMemory>()
  readonly #best = new BoundedHeap()
  /** What each search of a group finds. */
  readonly #sets: CandidateSet[] = []

  constructor(
    start: Pick<ThreadStart, 'thread' | 'board'>,
    turns: Turns,
    kernelsOver: (memory: WasmMemory) => Kernels,
  ) {
    this.#thread = start.thread
    this.#turns = turns
    this.#board = new ScanBoard(start.board)
    this.#kernelsOver = kernelsOver
  }

  setMemory(id: number, memory: WasmMemory | undefined): void {
    if (!memory) {
      this.#memories.delete(id)
      return
    }
    // The views need to reach the thread's scratch space only, so growth does not matter.
    const { buffer } = memory
    const views = { f64: new Float64Array(buffer), u32: new Uint32Array(buffer) }
    this.#memories.set(id, { kernels: this.#kernelsOver(memory), ...views })
  }

  work(number: number): void {
    const thread = this.#thread
    const task = readTask(this.#board.numbers, scanScratch(thread))
    const memory = this.#memories.get(task.memory)
    if (!memory || thread >= task.threads) return
    // The caller may have written the next task during the read.
    if (this.#turns.task !== number) return
    if (isCompare(task)) this.#compare(number, task, memory)
    else if (isBatch(task)) this.#search(number, task, memory)
    else this.#scan(number, task, memory)
  }

  #scan(number: number, task: ScanTask, memory: ScanMemory): void {
    const { blocks, threshold } = this.#board
    const { begins, ends } = this.#board.foundBy(this.#thread)
    const best = this.#best
    best.begin(task.k)
    for (const lower of task.best) best.push(lower)
    threshold.begin(number, this.#thread, task.least)
    const { positions, sample } = task
    let length = sample
    let found = 0
    for (;;) {
      const turn = this.#turns.take(number)
      if (turn < 0) return
      const [start, to] = restOf(blocks[turn], sample, positions)
      let end = found
      // The first steps are short: what they and the other threads find meanwhile saves work in the later ones.
      for (let from = start; from < to; from += length) {
        length = Math.min(MAX_RESULTS, length * 2)
        const least = Math.max(task.least, best.threshold, threshold.least(number))
        end = this.#scanRows(task, memory, from, Math.min(to, from + length), least, end)
        if (end < 0) return
      }
      begins[turn] = found
      ends[turn] = end
      this.#turns.handIn(number, turn, this.#thread)
      found = end
    }
  }

  /** Compares vectors with centroids. */
  #compare(
    number: number,
    { dim, productBytes, products, turns }: CompareTask,
    memory: ScanMemory,
  ): void {
    const { lower: dots, positions: nearest } = this.#board.foundBy(this.#thread)
    const { f64, kernels } = memory
    const views = { f32: new Float32Array(f64.buffer), f64, kernels }
    const space = products + this.#thread * productBytes
    const firsts = firstsOf(turns)
    for (;;) {
      const turn = this.#turns.take(number)
      if (turn < 0) return
      compare(views, turns[turn], dim, space, { nearest, dots }, firsts[turn])
      this.#turns.handIn(number, turn, this.#thread)
    }
  }

  /** Searches groups of a batch. */
  #search(number: number, task: BatchTask, memory: ScanMemory): void {
    const { firsts, isFiltered, k, max, min, positions, scans } = task
    const board = this.#board
    const found = board.foundBy(this.#thread)
    const request = { positions, k, min, max, allowed: isFiltered ? board.allowed : undefined }
    let end = 0
    for (;;) {
      const turn = this.#turns.take(number)
      if (turn < 0) return
      // The first group is the last turn.
      const group = firsts.length - 1 - turn
      const first = firsts[group]
      const searches = scans.slice(first, firsts[group + 1] ?? scans.length)
      const sets = searches.map((_, i) => {
        const set = (this.#sets[i] ??= new CandidateSet(new BoundedHeap()))
        set.begin(k, min, max)
        return set
      })
      scanTogether(memory, scanScratch(this.#thread), request, searches, sets)
      for (const [i, { count, positions: places, upper }] of sets.entries()) {
        if (end + count > MOST_FOUND) return
        found.positions.set(places.subarray(0, count), end)
        found.upper.set(upper.subarray(0, count), end)
        found.begins[first + i] = end
        end += count
        found.ends[first + i] = end
      }
      this.#turns.handIn(number, turn, this.#thread)
    }
  }

  /** Puts the results of a few rows behind the first `found`. Returns their new number, or -1 if there is no space. */
  #scanRows(
    task: ScanTask,
    { f64, kernels, u32 }: ScanMemory,
    from: number,
    to: number,
    threshold: number,
    found: number,
  ): number {
    const { max, min, rowScan } = task
    const { allowed, results } = scanScratch(this.#thread)
    if (task.isFiltered) {
      const words = this.#board.allowed.subarray(from >>> 5, (to + 31) >>> 5)
      if (words.every(word => word === 0)) return found
      u32.set(words, allowed / 4)
    }
    const bitmap = task.isFiltered ? allowed : 0
    const count = rowScan.scan({ f64, kernels, u32 }, from, to, threshold, max, bitmap)
    if (found + count > MOST_FOUND) return -1
    const { lower, positions: places, upper } = this.#board.foundBy(this.#thread)
    const uppers = results / 8 + MAX_RESULTS
    const best = this.#best
    let end = found
    let least = threshold
    for (let i = 0; i < count; i++) {
      const high = f64[uppers + i]
      if (high < least) continue
      const low = f64[results / 8 + i]
      lower[end] = low
      upper[end] = high
      places[end++] = u32[results / 4 + 4 * MAX_RESULTS + i]
      if (low >= min && high <= max) {
        best.push(low)
        if (best.threshold > least) least = best.threshold
      }
    }
    if (least > threshold) this.#board.threshold.raise(this.#thread, least)
    return end
  }
}
