import type { WasmMemory } from '../core/wasm-memory.ts'

/** Rows in the memory of another thread. They never change, and each thread that reads them has a part of the memory. */
export interface LentRows {
  /** The form of the rows. */
  readonly form: string
  readonly memory: WasmMemory
  /** The number of scratch spaces at the start of the memory. */
  readonly threads: number
  /** The address of the first row. */
  readonly rows: number
  /** Where the parts of the borrowers begin, and the size of one. */
  readonly borrowers: number
  readonly borrowerBytes: number
  /** The number of the thread that borrows, from 0. */
  readonly place: number
}
