import type { WasmMemory } from '../core/wasm-memory.ts'
import type { Kernels } from './kernels.ts'
import { scalarKernels } from './scalar/scalar-kernels.ts'
import { canRunWasmKernels, simdKernels } from './simd/simd-kernels.ts'

/** SIMD in WebAssembly, or plain TypeScript: the reference, and the fallback without SIMD. Both agree to the bit. */
export type AcceleratorName = 'simd' | 'scalar'

/** An implementation of the kernels. */
export interface Accelerator {
  readonly name: AcceleratorName
  /** The kernels over one memory. */
  kernelsOver(this: void, memory: WasmMemory): Kernels
}

export const ACCELERATORS: Readonly<Record<AcceleratorName, Accelerator>> = {
  simd: { name: 'simd', kernelsOver: simdKernels },
  scalar: { name: 'scalar', kernelsOver: scalarKernels },
}

let preferred: Accelerator | undefined

/** SIMD if the runtime supports it. */
export function preferredAccelerator(): Accelerator {
  preferred ??= ACCELERATORS[canRunWasmKernels() ? 'simd' : 'scalar']
  return preferred
}
