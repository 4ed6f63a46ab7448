import { decodeBase64 } from '../../core/base64.ts'

/** A module of one function, `i8x16.splat` and `i8x16.popcnt`. To validate all the kernels takes some milliseconds. */
const PROBE = decodeBase64('AGFzbQEAAAABBQFgAAF7AwIBAAoKAQgAQQD9D/1iCw==')

/** Whether this runtime supports 128-bit SIMD. */
export function supportsSimd(): boolean {
  return WebAssembly.validate(PROBE)
}
