const PLACES = [0, 1, 2, 3]

/** If fewer rows than this among 32 are allowed, the kernels read only those. */
const DENSE = 4

/**
 * Visits the allowed rows among from..to-1 in the order of the kernels: in four interleaved streams
 * (assembly/scan-results.ts). `dense`: the row is read together with its neighbors.
 */
export function eachRow(
  u32: Uint32Array,
  allowed: number,
  from: number,
  to: number,
  take: (position: number, dense: boolean) => void,
): void {
  const apart = apartOf(to - from)
  const width = Math.min(apart, 32)
  const isSet = (position: number): boolean =>
    position < to && (allowed === 0 || isAllowed(u32, allowed, position - from))
  for (let base = from; base < from + apart; base += width) {
    const places = PLACES.map(place => base + place * apart)
    let count = 0
    for (const first of places) {
      for (let position = first; position < first + width; position++) if (isSet(position)) count++
    }
    if (count * 32 >= 4 * DENSE * width) {
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

function apartOf(rows: number): number {
  if (rows <= 32) return 8
  return rows <= 64 ? 16 : 32 * Math.ceil(rows / 128)
}

export function isAllowed(u32: Uint32Array, allowed: number, offset: number): boolean {
  return (u32[(allowed >>> 2) + (offset >>> 5)] & (1 << (offset & 31))) !== 0
}
