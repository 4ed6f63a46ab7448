import { scalarKernels } from '#kernels'
import type { WasmMemory, WasmModule } from '../core/wasm-memory.ts'
import type { Kernels } from './kernels.ts'
import { simdKernels } from './simd/simd-kernels.ts'
import { canRunWasmKernels, simdModule } from './simd/simd-module.ts'

/** SIMD in WebAssembly, or plain TypeScript: the reference, and the fallback without SIMD. Both agree to the bit. */
export type AcceleratorName = 'simd' | 'scalar'

/** An implementation of the kernels. */
export interface Accelerator {
  readonly name: AcceleratorName
  /** The largest memory, in bytes; 4 GiB unless given. */
  readonly mostBytes?: number
  /** The kernels over one memory, which other threads share or not. */
  kernelsOver(this: void, memory: WasmMemory, shared?: boolean): Kernels
  /** What another thread makes the kernels of a shared memory from. Undefined: threads cannot help. */
  readonly sharedModule: (() => WasmModule) | undefined
}

export const ACCELERATORS: Readonly<Record<AcceleratorName, Accelerator>> = {
  simd: {
    name: 'simd',
    kernelsOver: (memory, shared = false) => simdKernels(simdModule(shared), memory),
    sharedModule: () => simdModule(true),
  },
  scalar: { name: 'scalar', kernelsOver: scalarKernels, sharedModule: undefined },
}

let preferred: Accelerator | undefined

/** SIMD if the runtime supports it. */
export function preferredAccelerator(): Accelerator {
  preferred ??= ACCELERATORS[canRunWasmKernels() ? 'simd' : 'scalar']
  return preferred
}
