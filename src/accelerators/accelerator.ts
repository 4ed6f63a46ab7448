import type { WasmMemory } from '../core/wasm-memory.ts'
import type { Kernels } from './kernels.ts'
import { scalarKernels } from './scalar/scalar-kernels.ts'
import { canRunWasmKernels, simdKernels } from './simd/simd-kernels.ts'

/** SIMD in WebAssembly, or plain TypeScript: the reference, and the fallback where there is no SIMD. Equal to the bit. */
export type AcceleratorName = 'simd' | 'scalar'

/** A way to run the kernels. */
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

/** SIMD where the runtime has it. */
export function preferredAccelerator(): Accelerator {
  preferred ??= ACCELERATORS[canRunWasmKernels() ? 'simd' : 'scalar']
  return preferred
}
