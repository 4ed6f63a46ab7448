import type { Scan } from '../kernels.ts'

const PLACES = [0, 1, 2, 3]

/**
 * Visits the allowed rows among from..to-1 in the order of the kernels: in four interleaved streams
 * (assembly/scan-results.ts). `dense`: at least `of32` rows among 32 are allowed, and the kernels read all rows.
 */
export function eachRow(
  u32: Uint32Array,
  { allowed, from, to }: Pick<Scan, 'allowed' | 'from' | 'to'>,
  of32: number,
  take: (position: number, dense: boolean) => void,
): void {
  const apart = apartOf(to - from)
  const width = Math.min(apart, 32)
  const isSet = (position: number): boolean =>
    position < to && (allowed === 0 || isAllowed(u32, allowed, position - from))
  const dense = isDense(u32, { allowed, from, to }, of32)
  for (let base = from; base < from + apart; base += width) {
    const places = PLACES.map(place => base + place * apart)
    if (dense) {
      for (let step = 0; step < width; step++) {
        for (const first of places) if (isSet(first + step)) take(first + step, true)
      }
    } else {
      for (const first of places) {
        for (let position = first; position < first + width; position++) {
          if (isSet(position)) take(position, false)
        }
      }
    }
  }
}

function isDense(
  u32: Uint32Array,
  { allowed, from, to }: Pick<Scan, 'allowed' | 'from' | 'to'>,
  of32: number,
): boolean {
  if (allowed === 0) return true
  let count = 0
  for (let offset = 0; offset < to - from; offset++) if (isAllowed(u32, allowed, offset)) count++
  return count * 32 >= of32 * (to - from)
}

function apartOf(rows: number): number {
  if (rows <= 32) return 8
  return rows <= 64 ? 16 : 32 * Math.ceil(rows / 128)
}

export function isAllowed(u32: Uint32Array, allowed: number, offset: number): boolean {
  return (u32[(allowed >>> 2) + (offset >>> 5)] & (1 << (offset & 31))) !== 0
}
