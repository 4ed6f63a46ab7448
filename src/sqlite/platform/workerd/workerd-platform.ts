import { VecError } from '../../../core/errors.ts'
import type { WasmModule } from '../../../core/wasm-memory.ts'
import sqlite from './sqlite3.wasm'

/** workerd: databases live in the memory of an isolate, and WebAssembly is compiled when a program is deployed. */
export { createPlatform } from '../memory/memory-platform.ts'

/** The shipped module. This runtime refuses to compile others. */
export async function readWasm(location: string | undefined): Promise<WasmModule> {
  if (location === undefined) return sqlite
  throw new VecError(
    'VEC_ENGINE',
    `sqlite3.wasm cannot be compiled from ${location}: this runtime compiles WebAssembly only when a program is deployed`,
    { hint: 'call open() without loadEngine({ wasm }): the module is a part of the package' },
  )
}
