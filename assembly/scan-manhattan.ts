// int8 rows against a float32 query, in single precision: rows as in scan-codes, with the error of a sum of absolute
// differences. docs/exact-index.md proves the bounds.

import { putResult, wordOf } from './scan-results'

// |query - scale * code| of the four codes in the low lanes.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function apart(sums: v128, codes: v128, scale: v128, query: v128): v128 {
  const row = f32x4.mul(scale, f32x4.convert_i32x4_s(codes))
  return f32x4.add(sums, f32x4.abs(f32x4.sub(query, row)))
}

// Sixteen codes at a time in four sums, and the last four. `codes`: 4 more than a multiple of 16.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function distance(row: usize, codes: usize, query: usize): f32 {
  const scale = v128.load_splat<f32>(row + codes)
  let a = f32x4.splat(0)
  let b = f32x4.splat(0)
  let c = f32x4.splat(0)
  let d = f32x4.splat(0)
  const end = row + codes - 4
  for (; row != end; row += 16) {
    const low = v128.load_ext<i8>(row)
    const high = v128.load_ext<i8>(row, 8)
    a = apart(a, i32x4.extend_low_i16x8_s(low), scale, v128.load(query))
    b = apart(b, i32x4.extend_high_i16x8_s(low), scale, v128.load(query, 16))
    c = apart(c, i32x4.extend_low_i16x8_s(high), scale, v128.load(query, 32))
    d = apart(d, i32x4.extend_high_i16x8_s(high), scale, v128.load(query, 48))
    query += 64
  }
  a = apart(a, i32x4.extend_low_i16x8_s(v128.load_ext<i8>(row)), scale, v128.load(query))
  const v = f32x4.add(f32x4.add(a, b), f32x4.add(c, d))
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2) + (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3))
  )
}

/**
 * Similarity is minus the distance, which lies within shrink * sum - row.error and grow * sum + row.error. Rows and results
 * as scanCodesDot has them.
 */
export function scanCodesManhattan(
  rows: usize, stride: usize, from: u32, to: u32, query: usize, results: usize,
  shrink: f64, grow: f64, least: f64, most: f64, allowed: usize,
): usize {
  const codes = stride - 12
  let count: usize = 0
  for (let base = from; base < to; base += 32) {
    for (let bits = wordOf(allowed, base - from, to - base); bits; bits &= bits - 1) {
      const position = base + ctz(bits)
      const row = rows + <usize>position * stride
      const error = <f64>load<f32>(row + codes, 4)
      if (error < 0) continue
      const sum = <f64>distance(row, codes, query)
      let lower = -Infinity
      let upper = Infinity
      if (sum < Infinity) {
        upper = -max<f64>(shrink * sum - error, 0)
        lower = -(grow * sum + error)
        if (upper < least || lower > most) continue
      }
      putResult(results, count++, position, lower, upper)
    }
  }
  return count
}
