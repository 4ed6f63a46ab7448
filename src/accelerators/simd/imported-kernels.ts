import kernels from './simd-kernels.wasm'

/** The runtime has compiled the module, so it supports 128-bit SIMD. */
export function supportsSimd(): boolean {
  return true
}

/** The compiled kernels of assembly/. This runtime has neither threads nor memory that they share. */
export function kernelModule(): WebAssembly.Module {
  return kernels
}
