import { MAX_RESULTS } from '../../../../accelerators/kernels.ts'
import { MOST_THREADS, MOST_TURNS } from '../../../../accelerators/threads/turns.ts'
import { SharedThreshold } from './shared-threshold.ts'

/** The number of results that a thread can keep of one search. With more it stops helping. */
export const MOST_FOUND = 8192
/** The numbers that describe a task: `writeTask` and `writeBatch` write no more. */
const NUMBERS = 4096

/** The results of one thread, and where those of each turn (in a batch: of each query) begin and end. */
export interface FoundRows {
  readonly begins: Uint32Array
  readonly ends: Uint32Array
  readonly lower: Float64Array
  readonly upper: Float64Array
  readonly positions: Uint32Array
}

/** The memory through which a search passes its task to the threads, and they pass back results. Untouched pages cost nothing. */
export class ScanBoard {
  static create(): ScanBoard {
    return new ScanBoard(new SharedArrayBuffer(BYTES))
  }

  readonly buffer: SharedArrayBuffer
  readonly numbers: Float64Array
  readonly threshold: SharedThreshold
  /** The block of rows of each turn. */
  readonly blocks: Uint32Array
  /** A bitmap of the allowed rows. */
  readonly allowed: Uint32Array
  readonly #found: readonly FoundRows[]

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    let at = 0
    const next = (bytes: number): number => {
      const from = at
      at += bytes
      return from
    }
    this.numbers = new Float64Array(buffer, next(NUMBERS * 8), NUMBERS)
    this.threshold = new SharedThreshold(buffer, next(SharedThreshold.bytes))
    this.blocks = new Uint32Array(buffer, next(MOST_TURNS * 4), MOST_TURNS)
    this.allowed = new Uint32Array(buffer, next(ALLOWED_WORDS * 4), ALLOWED_WORDS)
    this.#found = Array.from({ length: MOST_THREADS }, () => ({
      lower: new Float64Array(buffer, next(MOST_FOUND * 8), MOST_FOUND),
      upper: new Float64Array(buffer, next(MOST_FOUND * 8), MOST_FOUND),
      positions: new Uint32Array(buffer, next(MOST_FOUND * 4), MOST_FOUND),
      begins: new Uint32Array(buffer, next(MOST_TURNS * 4), MOST_TURNS),
      ends: new Uint32Array(buffer, next(MOST_TURNS * 4), MOST_TURNS),
    }))
  }

  foundBy(thread: number): FoundRows {
    return this.#found[thread]
  }
}

const ALLOWED_WORDS = (MOST_TURNS * MAX_RESULTS) / 32
const BYTES =
  NUMBERS * 8 +
  SharedThreshold.bytes +
  (MOST_TURNS + ALLOWED_WORDS) * 4 +
  MOST_THREADS * (MOST_FOUND * 20 + MOST_TURNS * 8)
