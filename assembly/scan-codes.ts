// int8 rows against a 16-bit query. A row is `stride` bytes, a multiple of 16: codes, then scale f32 at stride - 12,
// error f32 at stride - 8, length f32 or sum of squared codes i32 at stride - 4. docs/exact-index.md proves the bounds.

import { dots, products, total } from './code-dots'
import { apartOf, areDense, bitsAt, lowest, putResult } from './scan-results'

// From so many allowed rows among 32 on all rows are read in sequence.
const DENSE_CODES: u32 = 3

// Two rows: dots in the low lanes of `dots`, `tail` and `other` their last 16 bytes. All bits set where the row is not a result.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function missDot(
  dots: v128, tail: usize, other: usize, scale: f64, perError: f64, perLength: f64, least: f64,
): v128 {
  const a = v128.load(tail)
  const b = v128.load(other)
  const scales = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, b, 1, 5, 1, 5))
  const errors = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, b, 2, 6, 2, 6))
  const lengths = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, b, 3, 7, 3, 7))
  const estimate = f64x2.mul(f64x2.mul(f64x2.splat(scale), scales), f64x2.convert_low_i32x4_s(dots))
  const slack = f64x2.add(f64x2.mul(f64x2.splat(perError), errors), f64x2.mul(f64x2.splat(perLength), lengths))
  return f64x2.lt(f64x2.add(estimate, slack), f64x2.splat(least))
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function missEuclidean(
  dots: v128, tail: usize, other: usize, twice: f64, error: f64, square: f64, rounding: f64, least: f64,
): v128 {
  const a = v128.load(tail)
  const b = v128.load(other)
  const scales = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, b, 1, 5, 1, 5))
  const errors = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, b, 2, 6, 2, 6))
  const codes = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(a, b, 3, 7, 3, 7))
  const squares = f64x2.mul(f64x2.mul(scales, scales), codes)
  const mixed = f64x2.mul(f64x2.mul(f64x2.splat(twice), scales), f64x2.convert_low_i32x4_s(dots))
  const slack = f64x2.mul(f64x2.splat(rounding), f64x2.add(f64x2.splat(square), squares))
  const nearest = f64x2.sub(f64x2.add(f64x2.sub(f64x2.splat(square), mixed), squares), slack)
  const reach = f64x2.sub(f64x2.add(errors, f64x2.splat(error)), f64x2.splat(least))
  const positive = f64x2.max(reach, f64x2.splat(0))
  return f64x2.gt(nearest, f64x2.mul(positive, positive))
}

function judgeDot(
  tail: usize, position: u32, dot: i32, results: usize, count: usize,
  scale: f64, perError: f64, perLength: f64, least: f64, most: f64,
): usize {
  const error = <f64>load<f32>(tail, 8)
  if (error < 0) return count
  const estimate = scale * <f64>load<f32>(tail, 4) * <f64>dot
  const slack = perError * error + perLength * <f64>load<f32>(tail, 12)
  const lower = estimate - slack
  const upper = estimate + slack
  if (upper < least || lower > most) return count
  putResult(results, count, position, lower, upper)
  return count + 1
}

function judgeEuclidean(
  tail: usize, position: u32, dot: i32, results: usize, count: usize,
  twice: f64, error: f64, square: f64, rounding: f64, least: f64, most: f64,
): usize {
  const rowError = <f64>load<f32>(tail, 8)
  if (rowError < 0) return count
  const scale = <f64>load<f32>(tail, 4)
  const squares = scale * scale * <f64>load<i32>(tail, 12)
  const slack = rounding * (square + squares)
  const estimate = square - twice * scale * <f64>dot + squares
  const nearest = estimate - slack
  const errors = rowError + error
  const reach = max<f64>(errors - least, 0)
  if (nearest > reach * reach) return count
  const upper = min<f64>(errors - sqrt<f64>(max<f64>(nearest, 0)), 0)
  const lower = -(sqrt<f64>(max<f64>(estimate + slack, 0)) + errors)
  if (upper < least || lower > most) return count
  putResult(results, count, position, lower, upper)
  return count + 1
}

// One row. Dot: `first` to `third` are scale, perError and perLength; Euclidean: `first` to `fourth` are twice, error, square
// and rounding.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function judge(
  euclidean: bool, tail: usize, position: u32, dot: i32, results: usize, count: usize, first: f64, second: f64, third: f64,
  fourth: f64, least: f64, most: f64,
): usize {
  if (euclidean) return judgeEuclidean(tail, position, dot, results, count, first, second, third, fourth, least, most)
  return judgeDot(tail, position, dot, results, count, first, second, third, least, most)
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function judgeEach(
  euclidean: bool, bits: u32, base: u32, rows: usize, stride: usize, query: usize, results: usize, count: usize, first: f64,
  second: f64, third: f64, fourth: f64, least: f64, most: f64,
): usize {
  for (; bits; bits &= bits - 1) {
    const position = base + ctz(bits)
    const row = rows + <usize>position * stride
    const dot = total(products(row, query, stride))
    count = judge(euclidean, row + stride - 16, position, dot, results, count, first, second, third, fourth, least, most)
  }
  return count
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function scan(
  euclidean: bool, rows: usize, stride: usize, from: u32, to: u32, query: usize, results: usize, first: f64, second: f64,
  third: f64, fourth: f64, least: f64, most: f64, allowed: usize,
): usize {
  const last = stride - 16
  const apart = apartOf(to - from)
  const width = min<u32>(apart, 32)
  // From a row of one stream to that of the next, and the last row.
  const next = <usize>apart * stride
  const final = rows + <usize>(to - 1) * stride
  const dense = areDense(allowed, from, to, DENSE_CODES)
  let count: usize = 0
  for (let base = from, end = from + apart; base != end; base += width) {
    const base1 = base + apart
    const base2 = base1 + apart
    const base3 = base2 + apart
    let bits = bitsAt(allowed, from, to, base, width)
    let bits1 = bitsAt(allowed, from, to, base1, width)
    let bits2 = bitsAt(allowed, from, to, base2, width)
    let bits3 = bitsAt(allowed, from, to, base3, width)
    if (!(bits | bits1 | bits2 | bits3)) continue
    if (!dense) {
      count = judgeEach(euclidean, bits, base, rows, stride, query, results, count, first, second, third, fourth, least, most)
      count = judgeEach(euclidean, bits1, base1, rows, stride, query, results, count, first, second, third, fourth, least, most)
      count = judgeEach(euclidean, bits2, base2, rows, stride, query, results, count, first, second, third, fourth, least, most)
      count = judgeEach(euclidean, bits3, base3, rows, stride, query, results, count, first, second, third, fourth, least, most)
      continue
    }
    // Fewer than eight rows are in one stream.
    const steps = min<u32>(width, to - base)
    for (let step: u32 = 0; step < steps; step++) {
      const set = lowest(bits, bits1, bits2, bits3)
      // Rows that are not asked for are read, too: leaving out some makes the others come from memory one by one.
      const a = rows + <usize>(base + step) * stride
      const b = a + next <= final ? a + next : a
      const c = a + 2 * next <= final ? a + 2 * next : a
      const d = a + 3 * next <= final ? a + 3 * next : a
      const found = dots(a, b, c, d, query, stride)
      const others = v128.shuffle<i32>(found, found, 2, 3, 2, 3)
      let low: v128
      let high: v128
      if (euclidean) {
        low = missEuclidean(found, a + last, b + last, first, second, third, fourth, least)
        high = missEuclidean(others, c + last, d + last, first, second, third, fourth, least)
      } else {
        low = missDot(found, a + last, b + last, first, second, third, least)
        high = missDot(others, c + last, d + last, first, second, third, least)
      }
      if (!i64x2.all_true(v128.and(low, high))) {
        if (set & 1) count = judge(euclidean, a + last, base + step, i32x4.extract_lane(found, 0), results, count, first, second, third, fourth, least, most)
        if (set & 2) count = judge(euclidean, b + last, base1 + step, i32x4.extract_lane(found, 1), results, count, first, second, third, fourth, least, most)
        if (set & 4) count = judge(euclidean, c + last, base2 + step, i32x4.extract_lane(found, 2), results, count, first, second, third, fourth, least, most)
        if (set & 8) count = judge(euclidean, d + last, base3 + step, i32x4.extract_lane(found, 3), results, count, first, second, third, fourth, least, most)
      }
      bits >>>= 1
      bits1 >>>= 1
      bits2 >>>= 1
      bits3 >>>= 1
    }
  }
  return count
}

/**
 * Rows from..to-1 (at most 4096, `from` a multiple of 32): those whose upper bound reaches `least` and whose lower bound
 * does not pass `most`. bound = scale * row.scale * dot -+ (perError * row.error + perLength * row.length). `allowed`: 0, or
 * a bitmap whose first bit is for `from`. Returns how many results it wrote.
 */
export function scanCodesDot(
  rows: usize, stride: usize, from: u32, to: u32, query: usize, results: usize,
  scale: f64, perError: f64, perLength: f64, least: f64, most: f64, allowed: usize,
): usize {
  return scan(false, rows, stride, from, to, query, results, scale, perError, perLength, 0, least, most, allowed)
}

/**
 * Similarity is minus the distance. With D2 = square - twice * row.scale * dot + row.scale^2 * row.squares, both
 * squares of lengths, and slack = rounding * (square + row.scale^2 * row.squares): the distance lies within
 * sqrt(D2 -+ slack) -+ (error + row.error).
 */
export function scanCodesEuclidean(
  rows: usize, stride: usize, from: u32, to: u32, query: usize, results: usize,
  twice: f64, error: f64, square: f64, rounding: f64, least: f64, most: f64, allowed: usize,
): usize {
  return scan(true, rows, stride, from, to, query, results, twice, error, square, rounding, least, most, allowed)
}
