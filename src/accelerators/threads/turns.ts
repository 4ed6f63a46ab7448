/** Threads that can take part, the caller among them. */
export const MOST_THREADS = 16
/** The largest number of turns of one task. */
export const MOST_TURNS = 16_384

// The words: the number of the current task, its turns that are left, how often threads were roused, whether each thread is
// up, and a state for each turn.
const TASK = 0
const LEFT = 1
const ROUSED = 2
const UP = 3
const STATES: number = UP + MOST_THREADS

/** Task numbers start again after this many tasks. A thread is never that late. */
const MOST_TASKS = 2 ** 26
/** A state contains the number of a task, and 1 + the thread that handed the turn in; 0 means none yet. */
const STATE_SHIFT = 5
/** `LEFT` contains the lower bits of the number of the task, and the number of turns that are left. */
const LEFT_SHIFT = 16
/**
 * How long a roused thread waits awake for the task, in milliseconds. A search roused it 0.1 ms before, as a rule. While
 * searches follow each other as fast as that, a thread also waits awake between them: waking up takes 0.1 ms.
 */
const AWAKE = 0.3

/**
 * How threads share a task. A task is a number of turns, and a free thread takes the next one, so a sleeping thread costs nothing.
 * The caller takes turns as well. When none are left, it does those itself that were taken and not handed in. A thread that hands
 * such a turn in later is refused. So a thread can be late, or end, at any time.
 *
 * A late thread may still be busy with an earlier task. Therefore each word names the task that it belongs to.
 */
export class Turns {
  private static readonly bytes: number = (STATES + MOST_TURNS) * 4

  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array
  /** Whether the last task, or the call before it, came soon. */
  #soon = false

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(Turns.bytes)) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
  }

  /** The number of the current task. */
  get task(): number {
    return Atomics.load(this.#words, TASK)
  }

  /** Begins the next task. The caller has written its description. */
  begin(turns: number): number {
    const words = this.#words
    const task = (this.task + 1) % MOST_TASKS
    for (let turn = 0; turn < turns; turn++) {
      Atomics.store(words, STATES + turn, task << STATE_SHIFT)
    }
    Atomics.store(words, LEFT, leftOf(task, turns))
    Atomics.store(words, TASK, task)
    Atomics.notify(words, TASK)
    return task
  }

  /** Takes a turn of a task: turns - 1 first, 0 last. -1: none are left, or the task is over. */
  take(task: number): number {
    const words = this.#words
    const none = leftOf(task, 0)
    for (;;) {
      const left = Atomics.load(words, LEFT)
      if (left <= none || left > none + MOST_TURNS) return -1
      if (Atomics.compareExchange(words, LEFT, left, left - 1) === left) return left - none - 1
    }
  }

  /** Hands in a turn whose results are written. Returns false if it was handed in before, or the task is over. */
  handIn(task: number, turn: number, thread: number): boolean {
    const open = task << STATE_SHIFT
    const done = open + 1 + thread
    return Atomics.compareExchange(this.#words, STATES + turn, open, done) === open
  }

  /** The thread that handed in a turn of the current task, or -1. */
  handedInBy(turn: number): number {
    return (Atomics.load(this.#words, STATES + turn) & (2 ** STATE_SHIFT - 1)) - 1
  }

  /** Sets whether a thread is up. */
  setUp(thread: number, up: boolean): void {
    Atomics.store(this.#words, UP + thread, up ? 1 : 0)
  }

  /** The number of threads that are up. */
  get up(): number {
    let count = 0
    for (let thread = 0; thread < MOST_THREADS; thread++) {
      count += Atomics.load(this.#words, UP + thread)
    }
    return count
  }

  /** Wakes the threads, because a task begins soon: waking takes about as long as a search needs to prepare its task. */
  rouse(): void {
    Atomics.add(this.#words, ROUSED, 1)
    Atomics.notify(this.#words, TASK)
  }

  /** Waits until the current task is not this one: asleep until it is roused, and then awake for a moment. */
  sleep(task: number): void {
    const start = performance.now()
    const isCalled = this.#soon && this.#wait(task, start + AWAKE)
    if (!isCalled) Atomics.wait(this.#words, TASK, task)
    this.#soon = performance.now() - start < AWAKE
    while (!this.#wait(task, performance.now() + AWAKE, true)) Atomics.wait(this.#words, TASK, task)
  }

  /** Waits awake for another task, at most until `end`; or until threads are roused, unless they were. */
  #wait(task: number, end: number, isRoused = false): boolean {
    const words = this.#words
    const roused = Atomics.load(words, ROUSED)
    while (performance.now() < end) {
      if (this.task !== task) return true
      if (!isRoused && Atomics.load(words, ROUSED) !== roused) return true
    }
    return this.task !== task
  }
}

function leftOf(task: number, turns: number): number {
  return ((task % (MOST_TASKS >>> 12)) << LEFT_SHIFT) | turns
}
