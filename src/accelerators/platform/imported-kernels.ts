import kernels from './simd-kernels.wasm'

export { scalarKernels } from '../scalar/scalar-kernels.ts'

/** The runtime has compiled the module, so it supports 128-bit SIMD. */
export function supportsSimd(): boolean {
  return true
}

/** The compiled kernels of assembly/. This runtime has neither threads nor memory that they share. */
export function kernelModule(): WebAssembly.Module {
  return kernels
}

/** Nothing: this code has the kernels. */
export async function takeKernels(_engine: WebAssembly.Module): Promise<void> {}
