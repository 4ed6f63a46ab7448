import { decodeBase64 } from '../../core/base64.ts'
import { kernelsWasm, memoryFlags } from '../simd/kernels.wasm.ts'

export { scalarKernels } from '../scalar/scalar-kernels.ts'
export { supportsSimd } from '../simd/supports-simd.ts'

/** The flags of a memory with a maximum that threads share. */
const SHARED = 3

const modules = new Map<boolean, WebAssembly.Module>()
let plain: Uint8Array<ArrayBuffer> | undefined

/** The compiled kernels of assembly/, for a memory that threads share, or for one that they do not share. */
export function kernelModule(shared: boolean): WebAssembly.Module {
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

/** Nothing: this code has the kernels. */
export async function takeKernels(_engine: WebAssembly.Module): Promise<void> {}
