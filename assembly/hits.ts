// The hits of one call: lower bounds f64[4096], upper bounds f64[4096], positions u32[4096].

export const HITS: usize = 4096

// So many allowed rows among 32 make it cheaper to read all of them in sequence.
export const DENSE: u32 = 4

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
export function putHit(hits: usize, count: usize, position: u32, lower: f64, upper: f64): void {
  store<f64>(hits + (count << 3), lower)
  store<f64>(hits + (HITS << 3) + (count << 3), upper)
  store<u32>(hits + (HITS << 4) + (count << 2), position)
}

// The bits of the 32 rows from `offset` on, `left` of which exist; all set when there is no bitmap.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
export function wordOf(allowed: usize, offset: u32, left: u32): u32 {
  const bits: u32 = allowed ? load<u32>(allowed + (<usize>offset >>> 3)) : 0xffffffff
  return left < 32 ? bits & ((1 << left) - 1) : bits
}
