import type { Arena } from '../../../../accelerators/arena.ts'
import { threads } from '../../../../accelerators/threads/threads.ts'
import { firstsOf, type NearestCentroids } from '../clusters/comparison.ts'
import { MOST_FOUND } from './scan-board.ts'
import { scanBoard, scanHelpers } from './scan-program.ts'
import { MOST_COMPARISONS, writeComparisons, type CompareTask } from './scan-task.ts'
import { hasBatch } from './shared-batch.ts'

/** Fewer multiplications end before a sleeping thread can begin. */
const WORTH_WAKING = 1 << 22

/** Comparisons of vectors with centroids. Each free thread takes the next one, the caller among them. */
export class SharedComparisons {
  readonly #task: number

  private constructor(task: number) {
    this.#task = task
  }

  /** Begins them. `numbers`: how many they compute. Returns undefined if no thread can help, or would start too late. */
  static of(
    arena: Arena,
    task: Pick<CompareTask, 'dim' | 'products' | 'productBytes' | 'turns'>,
    numbers: number,
  ): SharedComparisons | undefined {
    const { accelerator, sharedMemory } = arena
    if (!sharedMemory || hasBatch() || task.turns.length > MOST_COMPARISONS) return undefined
    if (threads.help !== 'always' && numbers * task.dim < WORTH_WAKING) return undefined
    if (firstsOf(task.turns).at(-1)! > MOST_FOUND) return undefined
    if (scanHelpers(accelerator) === 0) return undefined
    const memory = threads.idOf(arena, sharedMemory as WebAssembly.Memory)
    writeComparisons({ ...task, memory, threads: arena.threads }, scanBoard().numbers)
    return new SharedComparisons(threads.turns.begin(task.turns.length))
  }

  /** A turn for the caller; -1: none is left. */
  take(): number {
    const turn = threads.turns.take(this.#task)
    if (turn >= 0) this.handIn(turn)
    return turn
  }

  /** The caller does a turn. Returns false if it is done. */
  handIn(turn: number): boolean {
    return threads.turns.handIn(this.#task, turn, 0)
  }

  isDone(turn: number): boolean {
    return threads.turns.handedInBy(turn) >= 0
  }

  /** Takes what another thread found; the caller has its own results already. */
  merge(turn: number, to: NearestCentroids, first: number, rows: number): void {
    const thread = threads.turns.handedInBy(turn)
    if (thread <= 0) return
    const { lower, positions } = scanBoard().foundBy(thread)
    to.nearest.set(positions.subarray(first, first + rows), first)
    to.dots.set(lower.subarray(first, first + rows), first)
  }
}
