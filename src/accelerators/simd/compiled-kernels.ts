import { decodeBase64 } from '../../core/base64.ts'
import { kernelsWasm, memoryFlags } from './kernels.wasm.ts'

/** The flags of a memory with a maximum that threads share. */
const SHARED = 3

const modules = new Map<boolean, WebAssembly.Module>()
let plain: Uint8Array<ArrayBuffer> | undefined

/** A module of one function, `i8x16.splat` and `i8x16.popcnt`. To validate all the kernels takes some milliseconds. */
const PROBE = decodeBase64('AGFzbQEAAAABBQFgAAF7AwIBAAoKAQgAQQD9D/1iCw==')

/** Whether this runtime supports 128-bit SIMD. */
export function supportsSimd(): boolean {
  return WebAssembly.validate(PROBE)
}

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
