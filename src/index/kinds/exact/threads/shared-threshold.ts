import { MOST_THREADS } from '../../../../accelerators/threads/turns.ts'

const LARGEST = 2 ** 127

/**
 * The threshold of each thread: a row below it cannot be among the k best. A thread writes only its own two words: the task, and
 * the threshold as a float32, rounded down, so that one store writes it. A thread that is late with an earlier task cannot raise
 * the threshold of a later one.
 */
export class SharedThreshold {
  static readonly bytes: number = MOST_THREADS * 8

  readonly #words: Int32Array
  readonly #float = new Float32Array(1)
  readonly #bits = new Int32Array(this.#float.buffer)

  constructor(buffer: SharedArrayBuffer, at: number) {
    this.#words = new Int32Array(buffer, at, MOST_THREADS * 2)
  }

  /** A thread begins a task. */
  begin(task: number, thread: number, least: number): void {
    this.raise(thread, least)
    Atomics.store(this.#words, thread * 2, task)
  }

  /** Sets the threshold of a thread, which never falls during a task. */
  raise(thread: number, least: number): void {
    this.#float[0] = Math.min(least - Math.abs(least) * 2 ** -22 - 2 ** -148, LARGEST)
    Atomics.store(this.#words, thread * 2 + 1, this.#bits[0])
  }

  /** The highest threshold of this task; -Infinity if no thread has begun it. */
  least(task: number): number {
    const words = this.#words
    let least = -Infinity
    for (let thread = 0; thread < MOST_THREADS; thread++) {
      if (Atomics.load(words, thread * 2) !== task) continue
      this.#bits[0] = Atomics.load(words, thread * 2 + 1)
      if (this.#float[0] > least) least = this.#float[0]
    }
    return least
  }
}
