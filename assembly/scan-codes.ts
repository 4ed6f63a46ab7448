// int8 rows against a 16-bit query. A row is `stride` bytes, a multiple of 16: codes, then scale f32 at stride - 12,
// error f32 at stride - 8, length f32 or sum of squared codes i32 at stride - 4. docs/exact-index.md proves the bounds.

import { dots, products, total } from './code-dots'
import { judgeDot, judgeEuclidean } from './judge'
import { roughFourth, roughlyReaching, roughSecond, roughThird } from './rough'
import { apartOf, areDense, bitsAt, lowest } from './scan-results'

// From so many allowed rows among 32 on all rows are read in sequence.
const DENSE_CODES: u32 = 3

// Which of four rows the first test does not drop; a to d are their last 16 bytes.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function roughlyReachingRows(
  euclidean: bool, found: v128, a: usize, b: usize, c: usize, d: usize, first: f32, second: f32, third: f32, fourth: f32,
): u32 {
  const metaA = v128.load(a)
  const metaB = v128.load(b)
  const metaC = v128.load(c)
  const metaD = v128.load(d)
  const ab = v128.shuffle<i32>(metaA, metaB, 2, 6, 3, 7)
  const cd = v128.shuffle<i32>(metaC, metaD, 2, 6, 3, 7)
  const scales = v128.shuffle<i64>(v128.shuffle<i32>(metaA, metaB, 0, 4, 1, 5), v128.shuffle<i32>(metaC, metaD, 0, 4, 1, 5), 1, 3)
  const errors = v128.shuffle<i64>(ab, cd, 0, 2)
  const terms = v128.shuffle<i64>(ab, cd, 1, 3)
  return roughlyReaching(euclidean, f32x4.convert_i32x4_s(found), scales, errors, terms, first, second, third, fourth)
}

// One row. Dot: `first` to `third` are scale, perError and perLength; Euclidean: `first` to `fourth` are twice, error, square
// and rounding.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function judge(
  euclidean: bool, tail: usize, position: u32, dot: i32, results: usize, count: usize, first: f64, second: f64, third: f64,
  fourth: f64, least: f64, most: f64,
): usize {
  const error = <f64>load<f32>(tail, 8)
  if (error < 0) return count
  if (euclidean) return judgeEuclidean(tail + 4, error, position, dot, results, count, first, second, third, fourth, least, most)
  return judgeDot(tail + 4, error, position, dot, results, count, first, second, third, least, most)
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
  const rough1 = <f32>first
  const rough2 = roughSecond(euclidean, second, third, least)
  const rough3 = roughThird(euclidean, second, third)
  const rough4 = roughFourth(euclidean, first, fourth, least)
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
      const reach = set & roughlyReachingRows(euclidean, found, a + last, b + last, c + last, d + last, rough1, rough2, rough3, rough4)
      if (reach) {
        if (reach & 1) count = judge(euclidean, a + last, base + step, i32x4.extract_lane(found, 0), results, count, first, second, third, fourth, least, most)
        if (reach & 2) count = judge(euclidean, b + last, base1 + step, i32x4.extract_lane(found, 1), results, count, first, second, third, fourth, least, most)
        if (reach & 4) count = judge(euclidean, c + last, base2 + step, i32x4.extract_lane(found, 2), results, count, first, second, third, fourth, least, most)
        if (reach & 8) count = judge(euclidean, d + last, base3 + step, i32x4.extract_lane(found, 3), results, count, first, second, third, fourth, least, most)
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
