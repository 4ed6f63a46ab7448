/**
 * The next of a sequence of 32-bit integers, which a seed other than 0 determines (Marsaglia, Xorshift RNGs, 2003): for
 * samples that are the same each time.
 */
export function xorshift(x: number): number {
  let next = x ^ (x << 13)
  next ^= next >>> 17
  return next ^ (next << 5)
}
