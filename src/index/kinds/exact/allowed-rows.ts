import { bitCount } from '../../../core/bit-count.ts'
import type { ScanMemory } from './row-scan.ts'

// A bitmap of the positions that may be found. What it says of positions that there are not does not count.

/** Copies the bitmap words of from..to-1 to an address. Returns how many of those rows are allowed. */
export function copyAllowed(
  { u32 }: ScanMemory,
  address: number,
  allowed: Uint32Array,
  from: number,
  to: number,
): number {
  const first = from >>> 5
  const last = (to - 1) >>> 5
  let visits = 0
  for (let word = first; word <= last; word++) {
    const bits = wordOf(allowed, word, to)
    u32[address / 4 + word - first] = bits
    if (bits !== 0) visits += bitCount(bits)
  }
  return visits
}

/** How many of the first `positions` are allowed. */
export function countAllowed(allowed: Uint32Array, positions: number): number {
  let count = 0
  for (let word = 0; word * 32 < positions; word++)
    count += bitCount(wordOf(allowed, word, positions))
  return count
}

function wordOf(allowed: Uint32Array, word: number, end: number): number {
  const left = end - word * 32
  return left < 32 ? allowed[word] & ((1 << left) - 1) : allowed[word]
}
