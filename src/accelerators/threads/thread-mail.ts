import type { WasmMemory } from '../../core/wasm-memory.ts'

/** What a thread is told between tasks: a memory that tasks will name by a number, or that there will be none of that number. */
export interface ThreadMail {
  readonly id: number
  readonly memory: WasmMemory | undefined
}

/** What a thread is started with. */
export interface ThreadStart {
  /** Its number; the caller is thread 0. */
  readonly thread: number
  /** The memory of `Turns`. */
  readonly turns: SharedArrayBuffer
  /** The kernels for shared memory. */
  readonly module: WebAssembly.Module
  /** What describes the tasks. */
  readonly board: SharedArrayBuffer
}
