// float32 rows in single precision. A row is `stride` bytes: floats padded with zeros to a multiple of 16 bytes, then a weight
// f64 at stride - 16 (negative: never a hit) and a unit f64 at stride - 8. docs/exact-index.md proves the bounds.

import { putHit } from './hits'

// Four accumulators, vector v to accumulator v % 4, what is left after the last whole four to the first.
// @ts-ignore: decorator
@inline
function products(row: usize, query: usize, size: usize, difference: bool): v128 {
  let a = f32x4.splat(0)
  let b = f32x4.splat(0)
  let c = f32x4.splat(0)
  let d = f32x4.splat(0)
  let at: usize = 0
  for (const whole = size & ~63; at < whole; at += 64) {
    if (difference) {
      const p = f32x4.sub(v128.load(query + at), v128.load(row + at))
      const q = f32x4.sub(v128.load(query + at, 16), v128.load(row + at, 16))
      const r = f32x4.sub(v128.load(query + at, 32), v128.load(row + at, 32))
      const s = f32x4.sub(v128.load(query + at, 48), v128.load(row + at, 48))
      a = f32x4.add(a, f32x4.mul(p, p))
      b = f32x4.add(b, f32x4.mul(q, q))
      c = f32x4.add(c, f32x4.mul(r, r))
      d = f32x4.add(d, f32x4.mul(s, s))
    } else {
      a = f32x4.add(a, f32x4.mul(v128.load(row + at), v128.load(query + at)))
      b = f32x4.add(b, f32x4.mul(v128.load(row + at, 16), v128.load(query + at, 16)))
      c = f32x4.add(c, f32x4.mul(v128.load(row + at, 32), v128.load(query + at, 32)))
      d = f32x4.add(d, f32x4.mul(v128.load(row + at, 48), v128.load(query + at, 48)))
    }
  }
  for (; at < size; at += 16) {
    if (difference) {
      const p = f32x4.sub(v128.load(query + at), v128.load(row + at))
      a = f32x4.add(a, f32x4.mul(p, p))
    } else {
      a = f32x4.add(a, f32x4.mul(v128.load(row + at), v128.load(query + at)))
    }
  }
  return f32x4.add(f32x4.add(a, b), f32x4.add(c, d))
}

// Four rows: (lane 0 + lane 2) + (lane 1 + lane 3) of each.
// @ts-ignore: decorator
@inline
function sums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7))
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7))
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7))
}

// @ts-ignore: decorator
@inline
function sum(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2) + (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3))
  )
}

// @ts-ignore: decorator
@inline
function finite(dots: v128): bool {
  return i32x4.all_true(f32x4.lt(f32x4.abs(dots), f32x4.splat(<f32>Infinity)))
}

// Two rows: dots in the low lanes of `dots`, a and b their last 16 bytes. All bits set where the row cannot be a hit.
// @ts-ignore: decorator
@inline
function missDot(dots: v128, a: v128, b: v128, scale: f64, perWeight: f64, perUnit: f64, least: f64): v128 {
  const weights = v128.shuffle<i64>(a, b, 0, 2)
  const units = v128.shuffle<i64>(a, b, 1, 3)
  const estimate = f64x2.mul(f64x2.mul(f64x2.splat(scale), units), f64x2.promote_low_f32x4(dots))
  const slack = f64x2.add(f64x2.mul(f64x2.splat(perWeight), weights), f64x2.mul(f64x2.splat(perUnit), units))
  return f64x2.lt(f64x2.add(estimate, slack), f64x2.splat(least))
}

function hitDot(
  row: usize, stride: usize, position: u32, dot: f32, hits: usize, count: usize,
  scale: f64, perWeight: f64, perUnit: f64, least: f64, most: f64,
): usize {
  const weight = load<f64>(row + stride - 16)
  if (weight < 0) return count
  let lower = -Infinity
  let upper = Infinity
  if (abs<f32>(dot) < <f32>Infinity) {
    const unit = load<f64>(row + stride - 8)
    const estimate = scale * unit * <f64>dot
    const slack = perWeight * weight + perUnit * unit
    lower = estimate - slack
    upper = estimate + slack
    if (upper < least || lower > most) return count
  }
  putHit(hits, count, position, lower, upper)
  return count + 1
}

// @ts-ignore: decorator
@inline
function missEuclidean(sums: v128, shrink: f64, underflow: f64, farthest: f64): v128 {
  const least = f64x2.sub(f64x2.mul(f64x2.splat(shrink), f64x2.promote_low_f32x4(sums)), f64x2.splat(underflow))
  return f64x2.gt(least, f64x2.splat(farthest * farthest))
}

function hitEuclidean(
  row: usize, stride: usize, position: u32, square: f32, hits: usize, count: usize,
  shrink: f64, grow: f64, underflow: f64, least: f64, most: f64,
): usize {
  if (load<f64>(row + stride - 16) < 0) return count
  let lower = -Infinity
  let upper = Infinity
  if (square < <f32>Infinity) {
    const nearest = shrink * <f64>square - underflow
    const reach = max<f64>(-least, 0)
    if (nearest > reach * reach) return count
    upper = -sqrt<f64>(max<f64>(nearest, 0))
    lower = -sqrt<f64>(grow * <f64>square + underflow)
    if (upper < least || lower > most) return count
  }
  putHit(hits, count, position, lower, upper)
  return count + 1
}

/**
 * Rows from..to-1 (at most 4096): those whose upper bound reaches `least` and whose lower bound does not pass `most`.
 * bound = scale * row.unit * dot -+ (perWeight * row.weight + perUnit * row.unit). Returns how many hits it wrote.
 */
export function scanFloatsDot(
  rows: usize, stride: usize, from: u32, to: u32, query: usize, hits: usize,
  scale: f64, perWeight: f64, perUnit: f64, least: f64, most: f64,
): usize {
  const size = stride - 16
  const last = stride - 16
  let count: usize = 0
  let row = rows + <usize>from * stride
  let position = from
  for (; to - position >= 4; position += 4) {
    const b = row + stride
    const c = b + stride
    const d = c + stride
    const dots = sums(products(row, query, size, false), products(b, query, size, false), products(c, query, size, false), products(d, query, size, false))
    const low = missDot(dots, v128.load(row + last), v128.load(b + last), scale, perWeight, perUnit, least)
    const high = missDot(v128.shuffle<f32>(dots, dots, 2, 3, 2, 3), v128.load(c + last), v128.load(d + last), scale, perWeight, perUnit, least)
    if (!finite(dots) || !i64x2.all_true(v128.and(low, high))) {
      count = hitDot(row, stride, position, f32x4.extract_lane(dots, 0), hits, count, scale, perWeight, perUnit, least, most)
      count = hitDot(b, stride, position + 1, f32x4.extract_lane(dots, 1), hits, count, scale, perWeight, perUnit, least, most)
      count = hitDot(c, stride, position + 2, f32x4.extract_lane(dots, 2), hits, count, scale, perWeight, perUnit, least, most)
      count = hitDot(d, stride, position + 3, f32x4.extract_lane(dots, 3), hits, count, scale, perWeight, perUnit, least, most)
    }
    row = d + stride
  }
  for (; position < to; position++) {
    count = hitDot(row, stride, position, sum(products(row, query, size, false)), hits, count, scale, perWeight, perUnit, least, most)
    row += stride
  }
  return count
}

/** The same over the positions whose bit is set; word 0 of `allowed` belongs to from..from+31. */
export function scanFloatsDotAllowed(
  rows: usize, stride: usize, from: u32, to: u32, query: usize, hits: usize,
  scale: f64, perWeight: f64, perUnit: f64, least: f64, most: f64, allowed: usize,
): usize {
  const size = stride - 16
  let count: usize = 0
  for (let base = from; base < to; base += 32) {
    let bits = load<u32>(allowed)
    allowed += 4
    if (to - base < 32) bits &= (1 << (to - base)) - 1
    while (bits) {
      const position = base + ctz(bits)
      bits &= bits - 1
      const row = rows + <usize>position * stride
      count = hitDot(row, stride, position, sum(products(row, query, size, false)), hits, count, scale, perWeight, perUnit, least, most)
    }
  }
  return count
}

/** Similarity is minus the distance; its square lies within shrink * sum - underflow and grow * sum + underflow. */
export function scanFloatsEuclidean(
  rows: usize, stride: usize, from: u32, to: u32, query: usize, hits: usize,
  shrink: f64, grow: f64, underflow: f64, least: f64, most: f64,
): usize {
  const size = stride - 16
  const farthest = max<f64>(-least, 0)
  let count: usize = 0
  let row = rows + <usize>from * stride
  let position = from
  for (; to - position >= 4; position += 4) {
    const b = row + stride
    const c = b + stride
    const d = c + stride
    const dots = sums(products(row, query, size, true), products(b, query, size, true), products(c, query, size, true), products(d, query, size, true))
    const low = missEuclidean(dots, shrink, underflow, farthest)
    const high = missEuclidean(v128.shuffle<f32>(dots, dots, 2, 3, 2, 3), shrink, underflow, farthest)
    if (!finite(dots) || !i64x2.all_true(v128.and(low, high))) {
      count = hitEuclidean(row, stride, position, f32x4.extract_lane(dots, 0), hits, count, shrink, grow, underflow, least, most)
      count = hitEuclidean(b, stride, position + 1, f32x4.extract_lane(dots, 1), hits, count, shrink, grow, underflow, least, most)
      count = hitEuclidean(c, stride, position + 2, f32x4.extract_lane(dots, 2), hits, count, shrink, grow, underflow, least, most)
      count = hitEuclidean(d, stride, position + 3, f32x4.extract_lane(dots, 3), hits, count, shrink, grow, underflow, least, most)
    }
    row = d + stride
  }
  for (; position < to; position++) {
    count = hitEuclidean(row, stride, position, sum(products(row, query, size, true)), hits, count, shrink, grow, underflow, least, most)
    row += stride
  }
  return count
}

/** The same over the positions whose bit is set; word 0 of `allowed` belongs to from..from+31. */
export function scanFloatsEuclideanAllowed(
  rows: usize, stride: usize, from: u32, to: u32, query: usize, hits: usize,
  shrink: f64, grow: f64, underflow: f64, least: f64, most: f64, allowed: usize,
): usize {
  const size = stride - 16
  let count: usize = 0
  for (let base = from; base < to; base += 32) {
    let bits = load<u32>(allowed)
    allowed += 4
    if (to - base < 32) bits &= (1 << (to - base)) - 1
    while (bits) {
      const position = base + ctz(bits)
      bits &= bits - 1
      const row = rows + <usize>position * stride
      count = hitEuclidean(row, stride, position, sum(products(row, query, size, true)), hits, count, shrink, grow, underflow, least, most)
    }
  }
  return count
}
