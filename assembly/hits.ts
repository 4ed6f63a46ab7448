// The hits of one call: lower bounds f64[4096], upper bounds f64[4096], positions u32[4096].

export const HITS: usize = 4096

// @ts-ignore: decorator
@inline
export function putHit(hits: usize, count: usize, position: u32, lower: f64, upper: f64): void {
  store<f64>(hits + (count << 3), lower)
  store<f64>(hits + (HITS << 3) + (count << 3), upper)
  store<u32>(hits + (HITS << 4) + (count << 2), position)
}
