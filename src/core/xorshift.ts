/**
 * The next of a sequence of 32-bit integers, which is determined by a seed other than 0 (Marsaglia, Xorshift RNGs,
 * 2003): for reproducible samples.
 */
export function xorshift(x: number): number {
  let next = x ^ (x << 13)
  next ^= next >>> 17
  return next ^ (next << 5)
}
