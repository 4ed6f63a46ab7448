import { kernelModule, supportsSimd } from '#kernels'
import type { WasmModule } from '../../core/wasm-memory.ts'

/** Whether this runtime supports 128-bit SIMD. */
export function canRunWasmKernels(): boolean {
  return supportsSimd()
}

/** The compiled kernels of assembly/, for a memory that threads share, or for one that they do not share. */
export function simdModule(shared: boolean): WasmModule {
  return kernelModule(shared)
}
