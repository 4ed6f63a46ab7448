import { decodeBase64 } from '../../core/base64.ts'
import type { WasmModule } from '../../core/wasm-memory.ts'
import { kernelsWasm, memoryFlags } from './kernels.wasm.ts'

/** The flags of a memory with a maximum that threads share. */
const SHARED = 3

const modules = new Map<boolean, WebAssembly.Module>()
let plain: Uint8Array<ArrayBuffer> | undefined

/** Whether this runtime supports 128-bit SIMD. */
export function canRunWasmKernels(): boolean {
  return WebAssembly.validate(moduleBytes(false))
}

/** The compiled kernels of assembly/, for a memory that threads share, or for one that they do not share. */
export function simdModule(shared: boolean): WasmModule {
  let module = modules.get(shared)
  if (!module) modules.set(shared, (module = new WebAssembly.Module(moduleBytes(shared))))
  return module
}

function moduleBytes(shared: boolean): Uint8Array<ArrayBuffer> {
  plain ??= decodeBase64(kernelsWasm)
  if (!shared) return plain
  const bytes = plain.slice()
  bytes[memoryFlags] = SHARED
  return bytes
}
