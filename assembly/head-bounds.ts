// Which heads of rows in two parts may belong to results. scan-split.ts describes a head; docs/exact-index.md proves the
// bounds.

import { roughlyReaching } from './rough'

// The most that the dots of two whole rows can be: those of their heads, and norm times `tailLength`. `packed` holds the
// norms in its upper halves.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function mostDots(heads: v128, packed: v128, tailLength: f64): v128 {
  const norms = f64x2.convert_low_i32x4_s(i32x4.shr_u(packed, 16))
  return f64x2.add(f64x2.convert_low_i32x4_s(heads), f64x2.mul(norms, f64x2.splat(tailLength)))
}

// Two heads: dots in the low lanes of `heads`, `meta` and `other` behind their codes. All bits set where the row is not a result.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function missDot(
  heads: v128, meta: usize, other: usize, tailLength: f64, scale: f64, perError: f64, perLength: f64, least: f64,
): v128 {
  const a = v128.load(meta)
  const b = v128.load(other)
  const packed = v128.shuffle<i32>(a, b, 1, 5, 1, 5)
  const scales = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, b, 0, 4, 0, 4))
  const errors = f64x2.promote_low_f32x4(i32x4.shl(packed, 16))
  const lengths = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, b, 2, 6, 2, 6))
  const estimate = f64x2.mul(f64x2.mul(f64x2.splat(scale), scales), mostDots(heads, packed, tailLength))
  const slack = f64x2.add(f64x2.mul(f64x2.splat(perError), errors), f64x2.mul(f64x2.splat(perLength), lengths))
  return f64x2.lt(f64x2.add(estimate, slack), f64x2.splat(least))
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function missEuclidean(
  heads: v128, meta: usize, other: usize, tailLength: f64, twice: f64, error: f64, square: f64, rounding: f64, least: f64,
): v128 {
  const a = v128.load(meta)
  const b = v128.load(other)
  const packed = v128.shuffle<i32>(a, b, 1, 5, 1, 5)
  const scales = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, b, 0, 4, 0, 4))
  const errors = f64x2.promote_low_f32x4(i32x4.shl(packed, 16))
  const codes = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(a, b, 2, 6, 2, 6))
  const squares = f64x2.mul(f64x2.mul(scales, scales), codes)
  const mixed = f64x2.mul(f64x2.mul(f64x2.splat(twice), scales), mostDots(heads, packed, tailLength))
  const slack = f64x2.mul(f64x2.splat(rounding), f64x2.add(f64x2.splat(square), squares))
  const nearest = f64x2.sub(f64x2.add(f64x2.sub(f64x2.splat(square), mixed), squares), slack)
  const reach = f64x2.sub(f64x2.add(errors, f64x2.splat(error)), f64x2.splat(least))
  const positive = f64x2.max(reach, f64x2.splat(0))
  return f64x2.gt(nearest, f64x2.mul(positive, positive))
}

// Which of four rows the first test does not drop.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function roughlyReachingHeads(
  euclidean: bool, heads: v128, a: usize, b: usize, c: usize, d: usize, tailLength: f64, first: f32, second: f32, third: f32, fourth: f32,
): u32 {
  const metaA = v128.load(a)
  const metaB = v128.load(b)
  const metaC = v128.load(c)
  const metaD = v128.load(d)
  const ab = v128.shuffle<i32>(metaA, metaB, 0, 4, 1, 5)
  const cd = v128.shuffle<i32>(metaC, metaD, 0, 4, 1, 5)
  const packed = v128.shuffle<i64>(ab, cd, 1, 3)
  const norms = f32x4.convert_i32x4_s(i32x4.shr_u(packed, 16))
  const most = f32x4.add(f32x4.convert_i32x4_s(heads), f32x4.mul(norms, f32x4.splat(<f32>tailLength)))
  const terms = v128.shuffle<i64>(v128.shuffle<i32>(metaA, metaB, 2, 6, 3, 7), v128.shuffle<i32>(metaC, metaD, 2, 6, 3, 7), 0, 2)
  return roughlyReaching(euclidean, most, v128.shuffle<i64>(ab, cd, 0, 2), i32x4.shl(packed, 16), terms, first, second, third, fourth)
}

// Which of four rows may reach the threshold. Dot: `first` to `third` are scale, perError and perLength; Euclidean: `first`
// to `fourth` are twice, error, square and rounding.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
export function reaching(
  euclidean: bool, found: v128, a: usize, b: usize, c: usize, d: usize, tailLength: f64, first: f64, second: f64, third: f64,
  fourth: f64, least: f64, rough1: f32, rough2: f32, rough3: f32, rough4: f32,
): u32 {
  const rough = roughlyReachingHeads(euclidean, found, a, b, c, d, tailLength, rough1, rough2, rough3, rough4)
  if (!rough) return 0
  const others = v128.shuffle<i32>(found, found, 2, 3, 2, 3)
  let low: v128
  let high: v128
  if (euclidean) {
    low = missEuclidean(found, a, b, tailLength, first, second, third, fourth, least)
    high = missEuclidean(others, c, d, tailLength, first, second, third, fourth, least)
  } else {
    low = missDot(found, a, b, tailLength, first, second, third, least)
    high = missDot(others, c, d, tailLength, first, second, third, least)
  }
  return rough & ~i32x4.bitmask(v128.shuffle<i32>(low, high, 0, 2, 4, 6))
}
