// The exponents of NaN and the infinities are all ones.
const EXPONENT: u32 = 0x7f800000

/** 1 when all `count` float32 numbers from `from` (a multiple of 4) on are finite. */
export function areFinite(from: usize, count: usize): u32 {
  const exponent = i32x4.splat(EXPONENT)
  const end = from + (count << 2)
  let special = i32x4.splat(0)
  for (; from + 16 <= end; from += 16) {
    special = v128.or(special, i32x4.eq(v128.and(v128.load(from), exponent), exponent))
  }
  if (v128.any_true(special)) return 0
  for (; from < end; from += 4) if ((load<u32>(from) & EXPONENT) == EXPONENT) return 0
  return 1
}
