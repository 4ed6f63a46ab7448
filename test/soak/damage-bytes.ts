import { checksum } from '../../src/accelerators/checksum.ts'

/** Numbers that claim too much. */
export const HOSTILE: readonly number[] = [
  0, 1, 2, 0x7f, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
]

/** A copy that is not equal to the original by chance. */
export function changed(copy: Uint8Array, original: Uint8Array): Uint8Array {
  if (Buffer.compare(copy, original) === 0) copy[0] ^= 1
  return copy
}

/** A head whose checksum is right. */
export function signed(head: Uint8Array): Uint8Array {
  if (head.length < 8) return head
  const copy = head.slice()
  const sum = checksum(copy.slice(0, -8))
  new DataView(copy.buffer).setBigUint64(copy.length - 8, sum, true)
  return copy
}
