// Whether an int8 row may belong to results, from its dot with the query. Behind the codes of a row are its scale, f32 at `meta`,
// and at meta + 8 its length, f32, or its sum of squared codes, i32. docs/exact-index.md proves the bounds.

import { putResult } from './scan-results'

export function judgeDot(
  meta: usize, error: f64, position: u32, dot: i32, results: usize, count: usize,
  scale: f64, perError: f64, perLength: f64, least: f64, most: f64,
): usize {
  const estimate = scale * <f64>load<f32>(meta) * <f64>dot
  const slack = perError * error + perLength * <f64>load<f32>(meta, 8)
  const lower = estimate - slack
  const upper = estimate + slack
  if (upper < least || lower > most) return count
  putResult(results, count, position, lower, upper)
  return count + 1
}

export function judgeEuclidean(
  meta: usize, rowError: f64, position: u32, dot: i32, results: usize, count: usize,
  twice: f64, error: f64, square: f64, rounding: f64, least: f64, most: f64,
): usize {
  const scale = <f64>load<f32>(meta)
  const squares = scale * scale * <f64>load<i32>(meta, 8)
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
