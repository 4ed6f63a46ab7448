import type { Views } from './views.ts'

/** The reference of assembly/select-bytes.ts. */
export function selectBytes(
  { u8, u32 }: Views,
  from: number,
  words: number,
  set: number,
  out: number,
): void {
  for (let word = 0; word < words; word++) {
    let bits = 0
    for (let bit = 0; bit < 32; bit++) {
      const byte = u8[from + word * 32 + bit]
      bits |= ((u8[set + (byte >>> 3)] >>> (byte & 7)) & 1) << bit
    }
    u32[(out >>> 2) + word] = bits
  }
}
