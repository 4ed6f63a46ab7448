import type { Arena } from '../../../../accelerators/arena.ts'
import { MAX_RESULTS } from '../../../../accelerators/kernels.ts'
import { threads } from '../../../../accelerators/threads/threads.ts'
import { MOST_TURNS } from '../../../../accelerators/threads/turns.ts'
import { countAllowed } from '../allowed-rows.ts'
import type { CandidateSet } from '../candidate-set.ts'
import type { RowScan } from '../row-scan.ts'
import type { Rows } from '../rows.ts'
import { HelpTrial } from './help-trial.ts'
import { scanBoard, scanHelpers } from './scan-program.ts'
import { MOST_ROWS_ASKED, writeTask, type ScanTask } from './scan-task.ts'
import { hasBatch } from './shared-batch.ts'

export { SharedBatch } from './shared-batch.ts'
export { SharedComparisons } from './shared-comparisons.ts'

/** Compares searches with help and without. Undefined where no thread helps. */
export function newTrial(): HelpTrial | undefined {
  return new HelpTrial()
}

/** A scan of fewer bytes ends before a sleeping thread can begin. */
const WORTH_WAKING = 1 << 22

/** The number of threads that a new index is made for: those of the pool, or those that may borrow its rows. */
export function scanThreads(): number {
  return threads.size > 1 ? threads.size : 1 + threads.borrowers
}

/** The number of threads that may borrow rows of this one. Threads of the pool would use the same scratch space. */
export function borrowers(): number {
  return threads.size > 1 ? 0 : threads.borrowers
}

/** Threads need not know this arena any longer. */
export function forgetArena(arena: Arena): void {
  threads.release(arena)
}

/** The range of a search. */
export interface ScanRange {
  readonly k: number
  /** The number of rows at the start of a block of the sample, which the caller has scanned. */
  readonly sample: number
  readonly min: number
  readonly max: number
}

/** A scan of one index that other threads help with. */
export class SharedScan {
  readonly #memory: WebAssembly.Memory
  readonly #rows: Rows
  readonly #rowScan: RowScan
  readonly #allowed: Uint32Array | undefined
  readonly #visits: number

  private constructor(
    memory: WebAssembly.Memory,
    rows: Rows,
    rowScan: RowScan,
    allowed: Uint32Array | undefined,
    visits: number,
  ) {
    this.#memory = memory
    this.#rows = rows
    this.#rowScan = rowScan
    this.#allowed = allowed
    this.#visits = visits
  }

  /** Returns undefined if no thread can help, or would start too late. */
  static of(rows: Rows, k: number, allowed: Uint32Array | undefined): SharedScan | undefined {
    const { block, rowScan } = rows
    const { arena, positions, stride } = block
    const { accelerator, sharedMemory } = arena
    if (!sharedMemory || !rowScan || k > MOST_ROWS_ASKED) return undefined
    const worth = threads.help === 'always' ? 0 : WORTH_WAKING
    if (positions > MOST_TURNS * MAX_RESULTS || positions * stride < worth) return undefined
    const visits = allowed ? countAllowed(allowed, positions) : positions
    if (visits * stride < worth) return undefined
    if (hasBatch() || scanHelpers(accelerator) === 0) return undefined
    return new SharedScan(sharedMemory as WebAssembly.Memory, rows, rowScan, allowed, visits)
  }

  /** Whether the next search gets help. Wakes the threads if it does. */
  picks(trial: HelpTrial): boolean {
    const picked = threads.help === 'always' || trial.pick()
    if (picked) threads.turns.rouse()
    return picked
  }

  /**
   * Scans blocks of rows in the given order. `candidates` then contains what one thread would find. `scanBlock` scans a block in
   * this thread, in steps.
   */
  scan(
    [first, ...order]: readonly number[],
    range: ScanRange,
    candidates: CandidateSet,
    scanBlock: (block: number, afterStep: () => void) => void,
  ): void {
    const { turns } = threads
    const { blocks, threshold } = scanBoard()
    // Threads take the last turn first.
    blocks.set(order.toReversed())
    this.#describe(range, candidates)
    const task = turns.begin(order.length)
    threshold.begin(task, 0, candidates.least)
    const exchange = (): void => {
      threshold.raise(0, candidates.least)
      candidates.raise(threshold.least(task))
    }
    const scanTurn = (turn: number): void => {
      exchange()
      scanBlock(blocks[turn], exchange)
    }
    scanBlock(first, exchange)
    const start = performance.now()
    let own = 0
    for (let turn = turns.take(task); turn >= 0; turn = turns.take(task)) {
      turns.handIn(task, turn, 0)
      scanTurn(turn)
      own++
    }
    const late: number[] = []
    for (let turn = 0; turn < order.length; turn++) {
      if (turns.handedInBy(turn) < 0) late.push(turn)
      else mergeTurn(turn, candidates)
    }
    // A thread needs as long for a block as this one, unless it is interrupted.
    const now = performance.now()
    const patience = now + (now - start) / Math.max(own, 1)
    for (const turn of late) {
      while (turns.handedInBy(turn) < 0 && performance.now() < patience);
      if (turns.handIn(task, turn, 0)) scanTurn(turn)
      else mergeTurn(turn, candidates)
    }
    candidates.visited = this.#visits
  }

  /** Writes the task for the threads. */
  #describe({ k, max, min, sample }: ScanRange, { best, least }: CandidateSet): void {
    const { positions, arena } = this.#rows.block
    const { allowed, numbers } = scanBoard()
    if (this.#allowed) allowed.set(this.#allowed.subarray(0, Math.ceil(positions / 32)))
    const task: ScanTask = {
      memory: threads.idOf(arena, this.#memory),
      threads: arena.threads,
      positions,
      sample,
      k,
      least,
      min,
      max,
      isFiltered: this.#allowed !== undefined,
      rowScan: this.#rowScan,
      best,
    }
    writeTask(task, numbers)
  }
}

/** Adds the results that another thread handed in. */
function mergeTurn(turn: number, candidates: CandidateSet): void {
  const thread = threads.turns.handedInBy(turn)
  if (thread <= 0) return
  const found = scanBoard().foundBy(thread)
  candidates.merge(found, found.begins[turn], found.ends[turn])
}
