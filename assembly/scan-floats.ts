// float32 rows in single precision. A row is `stride` bytes: floats padded with zeros to a multiple of 16 bytes, then a weight
// f64 at stride - 16 (negative: never a result) and a unit f64 at stride - 8. docs/exact-index.md proves the bounds.

import { DENSE, putResult, wordOf } from './scan-results'

const DOT = 0
const EUCLIDEAN = 1
const MANHATTAN = 2

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function step(sums: v128, row: v128, query: v128, form: i32): v128 {
  if (form == DOT) return f32x4.add(sums, f32x4.mul(row, query))
  const apart = f32x4.sub(query, row)
  if (form == MANHATTAN) return f32x4.add(sums, f32x4.abs(apart))
  return f32x4.add(sums, f32x4.mul(apart, apart))
}

// Four sums a row, so that none waits for another: vector v goes to sum v % 4.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function products(row: usize, query: usize, size: usize, form: i32): v128 {
  let a = f32x4.splat(0)
  let b = f32x4.splat(0)
  let c = f32x4.splat(0)
  let d = f32x4.splat(0)
  const end = row + (size & ~63)
  for (; row != end; row += 64) {
    a = step(a, v128.load(row), v128.load(query), form)
    b = step(b, v128.load(row, 16), v128.load(query, 16), form)
    c = step(c, v128.load(row, 32), v128.load(query, 32), form)
    d = step(d, v128.load(row, 48), v128.load(query, 48), form)
    query += 64
  }
  const rest = size & 63
  if (rest > 0) a = step(a, v128.load(row), v128.load(query), form)
  if (rest > 16) b = step(b, v128.load(row, 16), v128.load(query, 16), form)
  if (rest > 32) c = step(c, v128.load(row, 32), v128.load(query, 32), form)
  return f32x4.add(f32x4.add(a, b), f32x4.add(c, d))
}

function sum(row: usize, query: usize, size: usize, form: i32): f32 {
  const v = products(row, query, size, form)
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2) + (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3))
  )
}

// The same of four rows, one after the other (see SIDE_BY_SIDE in scan-codes); (lane 0 + lane 2) + (lane 1 + lane 3) of each.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function sums(row: usize, query: usize, size: usize, stride: usize, form: i32): v128 {
  const a = products(row, query, size, form)
  const b = products(row + stride, query, size, form)
  const c = products(row + 2 * stride, query, size, form)
  const d = products(row + 3 * stride, query, size, form)
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7))
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7))
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7))
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function finite(dots: v128): bool {
  return i32x4.all_true(f32x4.lt(f32x4.abs(dots), f32x4.splat(<f32>Infinity)))
}

// Two rows: dots in the low lanes of `dots`, `tail` the last 16 bytes of the first. All bits set where it is not a result.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function missDot(
  dots: v128, tail: usize, stride: usize, scale: f64, perWeight: f64, perUnit: f64, least: f64,
): v128 {
  const a = v128.load(tail)
  const b = v128.load(tail + stride)
  const weights = v128.shuffle<i64>(a, b, 0, 2)
  const units = v128.shuffle<i64>(a, b, 1, 3)
  const estimate = f64x2.mul(f64x2.mul(f64x2.splat(scale), units), f64x2.promote_low_f32x4(dots))
  const slack = f64x2.add(f64x2.mul(f64x2.splat(perWeight), weights), f64x2.mul(f64x2.splat(perUnit), units))
  return f64x2.lt(f64x2.add(estimate, slack), f64x2.splat(least))
}

function judgeDot(
  tail: usize, position: u32, dot: f32, results: usize, count: usize,
  scale: f64, perWeight: f64, perUnit: f64, least: f64, most: f64,
): usize {
  const weight = load<f64>(tail)
  if (weight < 0) return count
  let lower = -Infinity
  let upper = Infinity
  if (abs<f32>(dot) < <f32>Infinity) {
    const unit = load<f64>(tail, 8)
    const estimate = scale * unit * <f64>dot
    const slack = perWeight * weight + perUnit * unit
    lower = estimate - slack
    upper = estimate + slack
    if (upper < least || lower > most) return count
  }
  putResult(results, count, position, lower, upper)
  return count + 1
}

/**
 * Rows from..to-1 (at most 4096): those whose upper bound reaches `least` and whose lower bound does not pass `most`.
 * bound = scale * row.unit * dot -+ (perWeight * row.weight + perUnit * row.unit). `allowed`: 0, or a bitmap whose first
 * bit is for `from`. Returns how many results it wrote.
 */
export function scanFloatsDot(
  rows: usize, stride: usize, from: u32, to: u32, query: usize, results: usize,
  scale: f64, perWeight: f64, perUnit: f64, least: f64, most: f64, allowed: usize,
): usize {
  const size = stride - 16
  let count: usize = 0
  for (let base = from; base < to; base += 32) {
    let bits = wordOf(allowed, base - from, to - base)
    let position = base
    let row = rows + <usize>base * stride
    if (popcnt(bits) >= DENSE) {
      for (; to - position >= 4 && bits != 0; position += 4) {
        if (bits & 15) {
          const found = sums(row, query, size, stride, DOT)
          const tail = row + size
          const low = missDot(found, tail, stride, scale, perWeight, perUnit, least)
          const high = missDot(
            v128.shuffle<f32>(found, found, 2, 3, 2, 3), tail + 2 * stride, stride, scale, perWeight, perUnit, least,
          )
          if (!finite(found) || !i64x2.all_true(v128.and(low, high))) {
            if (bits & 1) count = judgeDot(tail, position, f32x4.extract_lane(found, 0), results, count, scale, perWeight, perUnit, least, most)
            if (bits & 2) count = judgeDot(tail + stride, position + 1, f32x4.extract_lane(found, 1), results, count, scale, perWeight, perUnit, least, most)
            if (bits & 4) count = judgeDot(tail + 2 * stride, position + 2, f32x4.extract_lane(found, 2), results, count, scale, perWeight, perUnit, least, most)
            if (bits & 8) count = judgeDot(tail + 3 * stride, position + 3, f32x4.extract_lane(found, 3), results, count, scale, perWeight, perUnit, least, most)
          }
        }
        bits >>>= 4
        row += 4 * stride
      }
    }
    for (; bits; bits &= bits - 1) {
      const skip = ctz(bits)
      const at = row + <usize>skip * stride
      count = judgeDot(at + size, position + skip, sum(at, query, size, DOT), results, count, scale, perWeight, perUnit, least, most)
    }
  }
  return count
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function missEuclidean(sums: v128, shrink: f64, underflow: f64, farthest: f64): v128 {
  const least = f64x2.sub(f64x2.mul(f64x2.splat(shrink), f64x2.promote_low_f32x4(sums)), f64x2.splat(underflow))
  return f64x2.gt(least, f64x2.splat(farthest * farthest))
}

function judgeEuclidean(
  tail: usize, position: u32, square: f32, results: usize, count: usize,
  shrink: f64, grow: f64, underflow: f64, least: f64, most: f64,
): usize {
  if (load<f64>(tail) < 0) return count
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
  putResult(results, count, position, lower, upper)
  return count + 1
}

/** Similarity is minus the distance; its square lies within shrink * sum - underflow and grow * sum + underflow. */
export function scanFloatsEuclidean(
  rows: usize, stride: usize, from: u32, to: u32, query: usize, results: usize,
  shrink: f64, grow: f64, underflow: f64, least: f64, most: f64, allowed: usize,
): usize {
  const size = stride - 16
  const farthest = max<f64>(-least, 0)
  let count: usize = 0
  for (let base = from; base < to; base += 32) {
    let bits = wordOf(allowed, base - from, to - base)
    let position = base
    let row = rows + <usize>base * stride
    if (popcnt(bits) >= DENSE) {
      for (; to - position >= 4 && bits != 0; position += 4) {
        if (bits & 15) {
          const found = sums(row, query, size, stride, EUCLIDEAN)
          const tail = row + size
          const low = missEuclidean(found, shrink, underflow, farthest)
          const high = missEuclidean(v128.shuffle<f32>(found, found, 2, 3, 2, 3), shrink, underflow, farthest)
          if (!finite(found) || !i64x2.all_true(v128.and(low, high))) {
            if (bits & 1) count = judgeEuclidean(tail, position, f32x4.extract_lane(found, 0), results, count, shrink, grow, underflow, least, most)
            if (bits & 2) count = judgeEuclidean(tail + stride, position + 1, f32x4.extract_lane(found, 1), results, count, shrink, grow, underflow, least, most)
            if (bits & 4) count = judgeEuclidean(tail + 2 * stride, position + 2, f32x4.extract_lane(found, 2), results, count, shrink, grow, underflow, least, most)
            if (bits & 8) count = judgeEuclidean(tail + 3 * stride, position + 3, f32x4.extract_lane(found, 3), results, count, shrink, grow, underflow, least, most)
          }
        }
        bits >>>= 4
        row += 4 * stride
      }
    }
    for (; bits; bits &= bits - 1) {
      const skip = ctz(bits)
      const at = row + <usize>skip * stride
      count = judgeEuclidean(at + size, position + skip, sum(at, query, size, EUCLIDEAN), results, count, shrink, grow, underflow, least, most)
    }
  }
  return count
}

/** Similarity is minus the distance, which lies within shrink * sum and grow * sum. */
export function scanFloatsManhattan(
  rows: usize, stride: usize, from: u32, to: u32, query: usize, results: usize,
  shrink: f64, grow: f64, least: f64, most: f64, allowed: usize,
): usize {
  const size = stride - 16
  let count: usize = 0
  for (let base = from; base < to; base += 32) {
    for (let bits = wordOf(allowed, base - from, to - base); bits; bits &= bits - 1) {
      const position = base + ctz(bits)
      const row = rows + <usize>position * stride
      if (load<f64>(row + size) < 0) continue
      const distance = <f64>sum(row, query, size, MANHATTAN)
      let lower = -Infinity
      let upper = Infinity
      if (distance < Infinity) {
        upper = -shrink * distance
        lower = -grow * distance
        if (upper < least || lower > most) continue
      }
      putResult(results, count++, position, lower, upper)
    }
  }
  return count
}
