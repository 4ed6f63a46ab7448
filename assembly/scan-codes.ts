// int8 rows against a 16-bit query. A row is `stride` bytes, a multiple of 16: codes, then scale f32 at stride - 12,
// error f32 at stride - 8, length f32 or sum of squared codes i32 at stride - 4. docs/exact-index.md proves the bounds.

import { dots, products, total } from './code-dots'
import { DENSE, putHit, wordOf } from './hits'

// Two rows: dots in the low lanes of `dots`, `tail` the last 16 bytes of the first. All bits set where it is no hit.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function missDot(
  dots: v128, tail: usize, stride: usize, scale: f64, perError: f64, perLength: f64, least: f64,
): v128 {
  const a = v128.load(tail)
  const b = v128.load(tail + stride)
  const scales = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, b, 1, 5, 1, 5))
  const errors = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, b, 2, 6, 2, 6))
  const lengths = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, b, 3, 7, 3, 7))
  const estimate = f64x2.mul(f64x2.mul(f64x2.splat(scale), scales), f64x2.convert_low_i32x4_s(dots))
  const slack = f64x2.add(f64x2.mul(f64x2.splat(perError), errors), f64x2.mul(f64x2.splat(perLength), lengths))
  return f64x2.lt(f64x2.add(estimate, slack), f64x2.splat(least))
}

function hitDot(
  tail: usize, position: u32, dot: i32, hits: usize, count: usize,
  scale: f64, perError: f64, perLength: f64, least: f64, most: f64,
): usize {
  const error = <f64>load<f32>(tail, 8)
  if (error < 0) return count
  const estimate = scale * <f64>load<f32>(tail, 4) * <f64>dot
  const slack = perError * error + perLength * <f64>load<f32>(tail, 12)
  const lower = estimate - slack
  const upper = estimate + slack
  if (upper < least || lower > most) return count
  putHit(hits, count, position, lower, upper)
  return count + 1
}

/**
 * Rows from..to-1 (at most 4096): those whose upper bound reaches `least` and whose lower bound does not pass `most`.
 * bound = scale * row.scale * dot -+ (perError * row.error + perLength * row.length). `allowed`: 0, or a bitmap whose
 * first bit is for `from`. Returns how many hits it wrote.
 */
export function scanCodesDot(
  rows: usize, stride: usize, from: u32, to: u32, query: usize, hits: usize,
  scale: f64, perError: f64, perLength: f64, least: f64, most: f64, allowed: usize,
): usize {
  const last = stride - 16
  let count: usize = 0
  for (let base = from; base < to; base += 32) {
    let bits = wordOf(allowed, base - from, to - base)
    let position = base
    let row = rows + <usize>base * stride
    if (popcnt(bits) >= DENSE) {
      for (; to - position >= 4 && bits != 0; position += 4) {
        if (bits & 15) {
          const found = dots(row, query, stride, stride)
          const tail = row + last
          const low = missDot(found, tail, stride, scale, perError, perLength, least)
          const high = missDot(
            v128.shuffle<i32>(found, found, 2, 3, 2, 3), tail + 2 * stride, stride, scale, perError, perLength, least,
          )
          if (!i64x2.all_true(v128.and(low, high))) {
            if (bits & 1) count = hitDot(tail, position, i32x4.extract_lane(found, 0), hits, count, scale, perError, perLength, least, most)
            if (bits & 2) count = hitDot(tail + stride, position + 1, i32x4.extract_lane(found, 1), hits, count, scale, perError, perLength, least, most)
            if (bits & 4) count = hitDot(tail + 2 * stride, position + 2, i32x4.extract_lane(found, 2), hits, count, scale, perError, perLength, least, most)
            if (bits & 8) count = hitDot(tail + 3 * stride, position + 3, i32x4.extract_lane(found, 3), hits, count, scale, perError, perLength, least, most)
          }
        }
        bits >>>= 4
        row += 4 * stride
      }
    }
    for (; bits; bits &= bits - 1) {
      const skip = ctz(bits)
      const at = row + <usize>skip * stride
      count = hitDot(
        at + last, position + skip, total(products(at, query, stride)), hits, count, scale, perError, perLength, least, most,
      )
    }
  }
  return count
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function missEuclidean(
  dots: v128, tail: usize, stride: usize, twice: f64, error: f64, square: f64, rounding: f64, least: f64,
): v128 {
  const a = v128.load(tail)
  const b = v128.load(tail + stride)
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

function hitEuclidean(
  tail: usize, position: u32, dot: i32, hits: usize, count: usize,
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
  putHit(hits, count, position, lower, upper)
  return count + 1
}

/**
 * Similarity is minus the distance. With D2 = square - twice * row.scale * dot + row.scale^2 * row.squares, both
 * squares of lengths, and slack = rounding * (square + row.scale^2 * row.squares): the distance lies within
 * sqrt(D2 -+ slack) -+ (error + row.error).
 */
export function scanCodesEuclidean(
  rows: usize, stride: usize, from: u32, to: u32, query: usize, hits: usize,
  twice: f64, error: f64, square: f64, rounding: f64, least: f64, most: f64, allowed: usize,
): usize {
  const last = stride - 16
  let count: usize = 0
  for (let base = from; base < to; base += 32) {
    let bits = wordOf(allowed, base - from, to - base)
    let position = base
    let row = rows + <usize>base * stride
    if (popcnt(bits) >= DENSE) {
      for (; to - position >= 4 && bits != 0; position += 4) {
        if (bits & 15) {
          const found = dots(row, query, stride, stride)
          const tail = row + last
          const low = missEuclidean(found, tail, stride, twice, error, square, rounding, least)
          const high = missEuclidean(
            v128.shuffle<i32>(found, found, 2, 3, 2, 3), tail + 2 * stride, stride, twice, error, square, rounding, least,
          )
          if (!i64x2.all_true(v128.and(low, high))) {
            if (bits & 1) count = hitEuclidean(tail, position, i32x4.extract_lane(found, 0), hits, count, twice, error, square, rounding, least, most)
            if (bits & 2) count = hitEuclidean(tail + stride, position + 1, i32x4.extract_lane(found, 1), hits, count, twice, error, square, rounding, least, most)
            if (bits & 4) count = hitEuclidean(tail + 2 * stride, position + 2, i32x4.extract_lane(found, 2), hits, count, twice, error, square, rounding, least, most)
            if (bits & 8) count = hitEuclidean(tail + 3 * stride, position + 3, i32x4.extract_lane(found, 3), hits, count, twice, error, square, rounding, least, most)
          }
        }
        bits >>>= 4
        row += 4 * stride
      }
    }
    for (; bits; bits &= bits - 1) {
      const skip = ctz(bits)
      const at = row + <usize>skip * stride
      count = hitEuclidean(
        at + last, position + skip, total(products(at, query, stride)), hits, count, twice, error, square, rounding, least, most,
      )
    }
  }
  return count
}
