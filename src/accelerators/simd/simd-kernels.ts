import type { Kernels } from '../kernels.ts'
import { kernelsWasm } from './kernels.wasm.ts'

let bytes: Uint8Array<ArrayBuffer> | undefined
let module: WebAssembly.Module | undefined

/** This runtime runs 128-bit SIMD. */
export function canRunWasmKernels(): boolean {
  return WebAssembly.validate(moduleBytes())
}

export function wasmKernels(memory: WebAssembly.Memory): Kernels {
  module ??= new WebAssembly.Module(moduleBytes())
  const instance = new WebAssembly.Instance(module, { env: { memory } })
  return instance.exports as unknown as Kernels
}

function moduleBytes(): Uint8Array<ArrayBuffer> {
  bytes ??= Uint8Array.from(atob(kernelsWasm), character => character.charCodeAt(0))
  return bytes
}
