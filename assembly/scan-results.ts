// The results of one scan: lower bounds f64[4096], upper bounds f64[4096], positions u32[4096].

export const MAX_RESULTS: usize = 4096

// So many allowed rows among 32 make it cheaper to read all of them in sequence.
export const DENSE: u32 = 4

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
export function putResult(results: usize, count: usize, position: u32, lower: f64, upper: f64): void {
  store<f64>(results + (count << 3), lower)
  store<f64>(results + (MAX_RESULTS << 3) + (count << 3), upper)
  store<u32>(results + (MAX_RESULTS << 4) + (count << 2), position)
}

// The bits of the 32 rows from `offset` on, `left` of which exist; all set when there is no bitmap.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
export function wordOf(allowed: usize, offset: u32, left: u32): u32 {
  const bits: u32 = allowed ? load<u32>(allowed + (<usize>offset >>> 3)) : 0xffffffff
  return left < 32 ? bits & ((1 << left) - 1) : bits
}

// A scan reads its rows in four interleaved streams: memory is asked for more at once than along one line, which takes a
// quarter to a third less time (ARCHITECTURE.md, "What bounds the speed of a search"). A stream begins so many rows
// behind the one before it; so that a word of the bitmap serves 32 rows that are together, it is 8, 16 or a multiple of 32.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
export function apartOf(rows: u32): u32 {
  return rows <= 32 ? 8 : rows <= 64 ? 16 : ((rows + 127) >>> 7) << 5
}

// The bits of the `width` rows from `base` on.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
export function bitsAt(allowed: usize, from: u32, to: u32, base: u32, width: u32): u32 {
  return base < to ? wordOf(allowed, base - from, to - base) & (0xffffffff >>> (32 - width)) : 0
}

// Whether at least `of32` rows among 32 are allowed, from..to-1 as a whole: then it is cheaper to read all of them in
// sequence. Reading now in this way and now in the other takes longer than either.
export function areDense(allowed: usize, from: u32, to: u32, of32: u32): bool {
  if (!allowed) return true
  let count: u32 = 0
  for (let base = from; base < to; base += 32) count += popcnt(wordOf(allowed, base - from, to - base))
  return count * 32 >= of32 * (to - from)
}

// The lowest bits of four words.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
export function lowest(a: u32, b: u32, c: u32, d: u32): u32 {
  return (a & 1) | ((b & 1) << 1) | ((c & 1) << 2) | ((d & 1) << 3)
}
