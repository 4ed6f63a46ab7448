// int8 rows against a 16-bit query. A row is `stride` bytes, a multiple of 16: codes, then scale f32 at stride - 12,
// error f32 at stride - 8, length f32 or sum of squared codes i32 at stride - 4. docs/exact-index.md proves the bounds.

import { putHit } from './hits'

// @ts-ignore: decorator
@inline
function products(row: usize, query: usize, stride: usize): v128 {
  let even = i32x4.splat(0)
  let odd = i32x4.splat(0)
  const end = row + stride
  do {
    even = i32x4.add(even, i32x4.dot_i16x8_s(v128.load_ext<i8>(row), v128.load(query)))
    odd = i32x4.add(odd, i32x4.dot_i16x8_s(v128.load_ext<i8>(row, 8), v128.load(query, 16)))
    row += 16
    query += 32
  } while (row != end)
  return i32x4.add(even, odd)
}

// @ts-ignore: decorator
@inline
function sum(v: v128): i32 {
  return (
    i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3)
  )
}

// @ts-ignore: decorator
@inline
function sums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7))
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7))
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7))
}

// Two rows: dots in the low lanes of `dots`, a and b their last 16 bytes. All bits set where the row cannot be a hit.
// @ts-ignore: decorator
@inline
function missDot(dots: v128, a: v128, b: v128, scale: f64, perError: f64, perLength: f64, least: f64): v128 {
  const scales = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, b, 1, 5, 1, 5))
  const errors = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, b, 2, 6, 2, 6))
  const lengths = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, b, 3, 7, 3, 7))
  const estimate = f64x2.mul(f64x2.mul(f64x2.splat(scale), scales), f64x2.convert_low_i32x4_s(dots))
  const slack = f64x2.add(f64x2.mul(f64x2.splat(perError), errors), f64x2.mul(f64x2.splat(perLength), lengths))
  return f64x2.lt(f64x2.add(estimate, slack), f64x2.splat(least))
}

function hitDot(
  row: usize, stride: usize, position: u32, dot: i32, hits: usize, count: usize,
  scale: f64, perError: f64, perLength: f64, least: f64, most: f64,
): usize {
  const error = <f64>load<f32>(row + stride - 8)
  if (error < 0) return count
  const estimate = scale * <f64>load<f32>(row + stride - 12) * <f64>dot
  const slack = perError * error + perLength * <f64>load<f32>(row + stride - 4)
  const lower = estimate - slack
  const upper = estimate + slack
  if (upper < least || lower > most) return count
  putHit(hits, count, position, lower, upper)
  return count + 1
}

/**
 * Rows from..to-1 (at most 4096): those whose upper bound reaches `least` and whose lower bound does not pass `most`.
 * bound = scale * row.scale * dot -+ (perError * row.error + perLength * row.length). Returns how many hits it wrote.
 */
export function scanCodesDot(
  rows: usize, stride: usize, from: u32, to: u32, query: usize, hits: usize,
  scale: f64, perError: f64, perLength: f64, least: f64, most: f64,
): usize {
  let count: usize = 0
  let row = rows + <usize>from * stride
  let position = from
  const last = stride - 16
  for (; to - position >= 4; position += 4) {
    const b = row + stride
    const c = b + stride
    const d = c + stride
    const dots = sums(
      products(row, query, stride), products(b, query, stride), products(c, query, stride), products(d, query, stride),
    )
    const low = missDot(dots, v128.load(row + last), v128.load(b + last), scale, perError, perLength, least)
    const high = missDot(
      v128.shuffle<i32>(dots, dots, 2, 3, 2, 3), v128.load(c + last), v128.load(d + last), scale, perError, perLength, least,
    )
    if (!i64x2.all_true(v128.and(low, high))) {
      count = hitDot(row, stride, position, i32x4.extract_lane(dots, 0), hits, count, scale, perError, perLength, least, most)
      count = hitDot(b, stride, position + 1, i32x4.extract_lane(dots, 1), hits, count, scale, perError, perLength, least, most)
      count = hitDot(c, stride, position + 2, i32x4.extract_lane(dots, 2), hits, count, scale, perError, perLength, least, most)
      count = hitDot(d, stride, position + 3, i32x4.extract_lane(dots, 3), hits, count, scale, perError, perLength, least, most)
    }
    row = d + stride
  }
  for (; position < to; position++) {
    count = hitDot(
      row, stride, position, sum(products(row, query, stride)), hits, count, scale, perError, perLength, least, most,
    )
    row += stride
  }
  return count
}

/** The same over the positions whose bit is set; word 0 of `allowed` belongs to from..from+31. */
export function scanCodesDotAllowed(
  rows: usize, stride: usize, from: u32, to: u32, query: usize, hits: usize,
  scale: f64, perError: f64, perLength: f64, least: f64, most: f64, allowed: usize,
): usize {
  let count: usize = 0
  for (let base = from; base < to; base += 32) {
    let bits = load<u32>(allowed)
    allowed += 4
    if (to - base < 32) bits &= (1 << (to - base)) - 1
    while (bits) {
      const position = base + ctz(bits)
      bits &= bits - 1
      const row = rows + <usize>position * stride
      count = hitDot(
        row, stride, position, sum(products(row, query, stride)), hits, count, scale, perError, perLength, least, most,
      )
    }
  }
  return count
}

// @ts-ignore: decorator
@inline
function missEuclidean(
  dots: v128, a: v128, b: v128, twice: f64, error: f64, square: f64, rounding: f64, farthest: f64,
): v128 {
  const scales = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, b, 1, 5, 1, 5))
  const errors = f64x2.promote_low_f32x4(v128.shuffle<i32>(a, b, 2, 6, 2, 6))
  const codes = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(a, b, 3, 7, 3, 7))
  const squares = f64x2.mul(f64x2.mul(scales, scales), codes)
  const mixed = f64x2.mul(f64x2.mul(f64x2.splat(twice), scales), f64x2.convert_low_i32x4_s(dots))
  const slack = f64x2.mul(f64x2.splat(rounding), f64x2.add(f64x2.splat(square), squares))
  const least = f64x2.sub(f64x2.add(f64x2.sub(f64x2.splat(square), mixed), squares), slack)
  const reach = f64x2.add(f64x2.splat(farthest), f64x2.add(errors, f64x2.splat(error)))
  const positive = f64x2.max(reach, f64x2.splat(0))
  return f64x2.gt(least, f64x2.mul(positive, positive))
}

function hitEuclidean(
  row: usize, stride: usize, position: u32, dot: i32, hits: usize, count: usize,
  twice: f64, error: f64, square: f64, rounding: f64, least: f64, most: f64,
): usize {
  const rowError = <f64>load<f32>(row + stride - 8)
  if (rowError < 0) return count
  const scale = <f64>load<f32>(row + stride - 12)
  const squares = scale * scale * <f64>load<i32>(row + stride - 4)
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
  twice: f64, error: f64, square: f64, rounding: f64, least: f64, most: f64,
): usize {
  let count: usize = 0
  let row = rows + <usize>from * stride
  let position = from
  const last = stride - 16
  for (; to - position >= 4; position += 4) {
    const b = row + stride
    const c = b + stride
    const d = c + stride
    const dots = sums(
      products(row, query, stride), products(b, query, stride), products(c, query, stride), products(d, query, stride),
    )
    const low = missEuclidean(dots, v128.load(row + last), v128.load(b + last), twice, error, square, rounding, -least)
    const high = missEuclidean(
      v128.shuffle<i32>(dots, dots, 2, 3, 2, 3), v128.load(c + last), v128.load(d + last), twice, error, square, rounding,
      -least,
    )
    if (!i64x2.all_true(v128.and(low, high))) {
      count = hitEuclidean(row, stride, position, i32x4.extract_lane(dots, 0), hits, count, twice, error, square, rounding, least, most)
      count = hitEuclidean(b, stride, position + 1, i32x4.extract_lane(dots, 1), hits, count, twice, error, square, rounding, least, most)
      count = hitEuclidean(c, stride, position + 2, i32x4.extract_lane(dots, 2), hits, count, twice, error, square, rounding, least, most)
      count = hitEuclidean(d, stride, position + 3, i32x4.extract_lane(dots, 3), hits, count, twice, error, square, rounding, least, most)
    }
    row = d + stride
  }
  for (; position < to; position++) {
    count = hitEuclidean(
      row, stride, position, sum(products(row, query, stride)), hits, count, twice, error, square, rounding, least, most,
    )
    row += stride
  }
  return count
}

/** The same over the positions whose bit is set; word 0 of `allowed` belongs to from..from+31. */
export function scanCodesEuclideanAllowed(
  rows: usize, stride: usize, from: u32, to: u32, query: usize, hits: usize,
  twice: f64, error: f64, square: f64, rounding: f64, least: f64, most: f64, allowed: usize,
): usize {
  let count: usize = 0
  for (let base = from; base < to; base += 32) {
    let bits = load<u32>(allowed)
    allowed += 4
    if (to - base < 32) bits &= (1 << (to - base)) - 1
    while (bits) {
      const position = base + ctz(bits)
      bits &= bits - 1
      const row = rows + <usize>position * stride
      count = hitEuclidean(
        row, stride, position, sum(products(row, query, stride)), hits, count, twice, error, square, rounding, least, most,
      )
    }
  }
  return count
}
