import { MAX_RESULTS } from '../../../../accelerators/kernels.ts'
import { threads } from '../../../../accelerators/threads/threads.ts'
import { MOST_TURNS } from '../../../../accelerators/threads/turns.ts'
import type { CandidateSet } from '../candidate-set.ts'
import type { RowBlock } from '../row-block.ts'
import type { RowScan } from '../row-scan.ts'
import type { SharedRequest } from '../scan-together.ts'
import { scanBoard, scanHelpers } from './scan-program.ts'
import { writeBatch } from './scan-task.ts'

let isOpen = false

/** Whether the threads have a batch. It keeps its results where those of another task would be written. */
export function hasBatch(): boolean {
  return isOpen
}

/** Groups of searches of one index. Each free thread takes the next group, the caller among them. */
export class SharedBatch {
  readonly #task: number
  readonly #groups: number

  private constructor(task: number, groups: number) {
    this.#task = task
    this.#groups = groups
    isOpen = true
  }

  /** Begins the searches. `firsts`: the first search of each group. Returns undefined if no thread can help. */
  static of(
    block: RowBlock,
    request: SharedRequest,
    scans: readonly RowScan[],
    firsts: readonly number[],
  ): SharedBatch | undefined {
    const { arena } = block
    const { allowed, k, max, min, positions } = request
    const { accelerator, sharedMemory } = arena
    if (!sharedMemory || isOpen || positions > MOST_TURNS * MAX_RESULTS) return undefined
    if (scanHelpers(accelerator) === 0) return undefined
    const board = scanBoard()
    if (allowed) board.allowed.set(allowed.subarray(0, Math.ceil(positions / 32)))
    const memory = threads.idOf(arena, sharedMemory as WebAssembly.Memory)
    const isFiltered = allowed !== undefined
    const range = { positions, k, min, max, isFiltered }
    writeBatch({ memory, threads: arena.threads, ...range, scans, firsts }, board.numbers)
    return new SharedBatch(threads.turns.begin(firsts.length), firsts.length)
  }

  /** A group for the caller to search, the first one left; -1: none is left. */
  take(): number {
    const turn = threads.turns.take(this.#task)
    if (turn < 0) return -1
    const group = this.#turnOf(turn)
    this.handIn(group)
    return group
  }

  /** The caller searches a group. Returns false if another thread has done so. */
  handIn(group: number): boolean {
    return threads.turns.handIn(this.#task, this.#turnOf(group), 0)
  }

  /** Whether another thread has searched a group. */
  isDone(group: number): boolean {
    return threads.turns.handedInBy(this.#turnOf(group)) > 0
  }

  /** Adds what another thread found for a search of a group. */
  merge(group: number, search: number, candidates: CandidateSet): void {
    const found = scanBoard().foundBy(threads.turns.handedInBy(this.#turnOf(group)))
    candidates.copy(found, found.begins[search], found.ends[search])
  }

  /** Ends it: threads take no more groups. */
  end(): void {
    while (threads.turns.take(this.#task) >= 0);
    isOpen = false
  }

  /** Threads take the last turn first. */
  #turnOf(group: number): number {
    return this.#groups - 1 - group
  }
}
