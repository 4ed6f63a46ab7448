// float32 rows to int8 codes: row = scale * codes + what `error` bounds. docs/exact-index.md, "Quantising a row".

import { total } from './code-dots'

// The least float32 not below v, for v >= 0.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function roundUp(v: f64): f32 {
  const near = <f32>v
  return <f64>near < v ? reinterpret<f32>(reinterpret<u32>(near) + 1) : near
}

// Up to three floats, the rest of the lanes 0.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
export function loadRest(from: usize, count: usize): v128 {
  let v = f32x4.splat(0)
  v = f32x4.replace_lane(v, 0, load<f32>(from))
  if (count > 1) v = f32x4.replace_lane(v, 1, load<f32>(from + 4))
  if (count > 2) v = f32x4.replace_lane(v, 2, load<f32>(from + 8))
  return v
}

// 1.5 * 2^52: added to a number below 2^31 it leaves the nearest whole one, ties to even, in the low word.
const ROUND: f64 = 6755399441055744

// Two numbers in units of the scale, ROUND added.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function rounded(x: v128, k: f64): v128 {
  return f64x2.add(f64x2.mul(x, f64x2.splat(k)), f64x2.splat(ROUND))
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function miss(manhattan: bool, sums: v128, x: v128, inverse: f64, sum: v128, scale: f64): v128 {
  const code = f64x2.sub(sum, f64x2.splat(ROUND))
  const difference = f64x2.sub(f64x2.mul(x, f64x2.splat(inverse)), f64x2.mul(f64x2.splat(scale), code))
  return f64x2.add(sums, manhattan ? f64x2.abs(difference) : f64x2.mul(difference, difference))
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function lowWords(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 0, 2, 4, 6)
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function codeSum(manhattan: bool, sums: v128, shorts: v128): v128 {
  if (manhattan) return i32x4.add(sums, i32x4.dot_i16x8_s(i16x8.abs(shorts), i16x8.splat(1)))
  return i32x4.add(sums, i32x4.dot_i16x8_s(shorts, shorts))
}

/**
 * `count` rows of `dim` floats, `fromStride` bytes apart, to rows of `stride` bytes (zeroed beforehand beyond the codes).
 * `lengths` (f64 each): the rows are divided by them (cosine; a row of length 0 gets the error -1: never a result), or 0.
 * `term` tells what the last word holds: the length of scale * codes rounded up (0), the sum of the squared codes (1), or
 * that of the absolute codes (2); with 2 the error is one of a sum of absolute differences.
 */
export function quantize(
  from: usize, fromStride: usize, count: usize, dim: usize, lengths: usize, term: u32, to: usize, stride: usize,
): void {
  if (term == 2) encode(true, from, fromStride, count, dim, lengths, term, to, stride)
  else encode(false, from, fromStride, count, dim, lengths, term, to, stride)
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function encode(
  manhattan: bool, from: usize, fromStride: usize, count: usize, dim: usize, lengths: usize, term: u32, to: usize, stride: usize,
): void {
  const whole = (dim & ~3) << 2
  const blocks = (dim & ~15) << 2
  const rest = dim & 3
  const slack = <f64>(dim + 32) * 4.440892098500626e-16
  for (; count > 0; count--) {
    let most = f32x4.splat(0)
    for (let at: usize = 0; at < whole; at += 16) most = f32x4.max(most, f32x4.abs(v128.load(from + at)))
    if (rest) most = f32x4.max(most, f32x4.abs(loadRest(from + whole, rest)))
    const largest = <f64>max<f32>(
      max<f32>(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
      max<f32>(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
    )
    const length = lengths ? load<f64>(lengths) : 1
    const inverse = length > 0 ? 1 / length : 0
    const rowScale = <f32>(largest * inverse / 127)
    const scale = <f64>rowScale
    // The largest code is 127, but for a scale that is hardly above 0 and has few bits.
    const k = scale > 0 ? min<f64>(inverse / scale, 127.25 / largest) : 0
    let low = f64x2.splat(0)
    let high = f64x2.splat(0)
    let codeSums = i32x4.splat(0)
    let at: usize = 0
    // Sixteen numbers at once, so that their codes are stored together.
    for (; at < blocks; at += 64) {
      const v0 = v128.load(from + at, 0)
      const a0 = f64x2.promote_low_f32x4(v0)
      const b0 = f64x2.promote_low_f32x4(v128.shuffle<f32>(v0, v0, 2, 3, 2, 3))
      const ra0 = rounded(a0, k)
      const rb0 = rounded(b0, k)
      low = miss(manhattan, low, a0, inverse, ra0, scale)
      high = miss(manhattan, high, b0, inverse, rb0, scale)
      const v1 = v128.load(from + at, 16)
      const a1 = f64x2.promote_low_f32x4(v1)
      const b1 = f64x2.promote_low_f32x4(v128.shuffle<f32>(v1, v1, 2, 3, 2, 3))
      const ra1 = rounded(a1, k)
      const rb1 = rounded(b1, k)
      low = miss(manhattan, low, a1, inverse, ra1, scale)
      high = miss(manhattan, high, b1, inverse, rb1, scale)
      const v2 = v128.load(from + at, 32)
      const a2 = f64x2.promote_low_f32x4(v2)
      const b2 = f64x2.promote_low_f32x4(v128.shuffle<f32>(v2, v2, 2, 3, 2, 3))
      const ra2 = rounded(a2, k)
      const rb2 = rounded(b2, k)
      low = miss(manhattan, low, a2, inverse, ra2, scale)
      high = miss(manhattan, high, b2, inverse, rb2, scale)
      const v3 = v128.load(from + at, 48)
      const a3 = f64x2.promote_low_f32x4(v3)
      const b3 = f64x2.promote_low_f32x4(v128.shuffle<f32>(v3, v3, 2, 3, 2, 3))
      const ra3 = rounded(a3, k)
      const rb3 = rounded(b3, k)
      low = miss(manhattan, low, a3, inverse, ra3, scale)
      high = miss(manhattan, high, b3, inverse, rb3, scale)
      const first = i16x8.narrow_i32x4_s(lowWords(ra0, rb0), lowWords(ra1, rb1))
      const second = i16x8.narrow_i32x4_s(lowWords(ra2, rb2), lowWords(ra3, rb3))
      codeSums = codeSum(manhattan, codeSum(manhattan, codeSums, first), second)
      v128.store(to + (at >> 2), i8x16.narrow_i16x8_s(first, second))
    }
    for (const size = dim << 2; at < size; at += 16) {
      const v = at < whole ? v128.load(from + at) : loadRest(from + at, rest)
      const a = f64x2.promote_low_f32x4(v)
      const b = f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3))
      const ra = rounded(a, k)
      const rb = rounded(b, k)
      low = miss(manhattan, low, a, inverse, ra, scale)
      high = miss(manhattan, high, b, inverse, rb, scale)
      const shorts = i16x8.narrow_i32x4_s(lowWords(ra, rb), i32x4.splat(0))
      codeSums = codeSum(manhattan, codeSums, shorts)
      v128.store_lane<i32>(to + (at >> 2), i8x16.narrow_i16x8_s(shorts, shorts), 0)
    }
    const errors = f64x2.add(low, high)
    const sum = total(codeSums)
    const missed = f64x2.extract_lane(errors, 0) + f64x2.extract_lane(errors, 1)
    // 2^-24: the scan rounds scale * code to single precision.
    let error = (manhattan ? missed + scale * <f64>sum * 5.9604644775390625e-8 : sqrt<f64>(missed)) * (1 + slack)
    if (lengths) error += slack
    const tail = to + stride - 12
    store<f32>(tail, rowScale)
    store<f32>(tail, length > 0 ? roundUp(error) : -1, 4)
    if (term) store<i32>(tail, sum, 8)
    else store<f32>(tail, roundUp(scale * sqrt<f64>(<f64>sum) * (1 + slack)), 8)
    from += fromStride
    to += stride
    if (lengths) lengths += 8
  }
}
