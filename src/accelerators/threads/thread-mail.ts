import type { WasmMemory } from '../../core/wasm-memory.ts'

/** A message to a thread between tasks: adds the memory that tasks name by this number, or removes it (undefined). */
export interface ThreadMail {
  readonly id: number
  readonly memory: WasmMemory | undefined
}

/** The data that a thread starts with. */
export interface ThreadStart {
  /** The number of the thread; the caller is thread 0. */
  readonly thread: number
  /** The buffer of `Turns`. */
  readonly turns: SharedArrayBuffer
  /** The kernels for shared memory. */
  readonly module: WebAssembly.Module
  /** The buffer that describes the tasks. */
  readonly board: SharedArrayBuffer
}
