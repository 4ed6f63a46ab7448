import type { Views } from './views.ts'

/** The exponents of NaN and the infinities are all ones. */
const EXPONENT = 0x7f800000

/** The reference of assembly/finite.ts. */
export function areFinite({ u32 }: Views, from: number, count: number): number {
  for (let i = from >>> 2; i < (from >>> 2) + count; i++) {
    if ((u32[i] & EXPONENT) === EXPONENT) return 0
  }
  return 1
}
