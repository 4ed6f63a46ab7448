// int8 rows in two parts, so that most rows are dropped after the first. Rows are in groups of 2^groupBits (32 or
// more): the heads of a group, then its tails. A head is `headCodes` codes (a multiple of 16), scale f32, error bf16 and
// norm of the tail's codes u16, then length f32 or sum of all squared codes i32. A tail is the other codes, padded to a
// multiple of 4, then error f32. docs/exact-index.md proves the bounds.

import { judgeDot, judgeEuclidean } from './judge'
import { dots } from './code-dots'
import { reaching } from './head-bounds'
import { roughFourth, roughSecond, roughThird } from './rough'
import { apartOf, areDense, bitsAt, MAX_RESULTS, lowest } from './scan-results'

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
const META: usize = 12

// Bytes of listed positions whose tails are fetched at once.
const FETCHED: usize = 128
// From so many allowed rows among 32 on all heads are read in sequence.
const DENSE_HEADS: u32 = 4
// Bytes of listed positions whose heads are read together.
const TOGETHER: usize = 128

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function putPosition(list: usize, position: u32): usize {
  store<u32>(list, position)
  return list + 4
}

// Appends those of 32 positions whose bit is set.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function putPositions(list: usize, bits: u32, position: u32): usize {
  for (; bits; bits &= bits - 1) list = putPosition(list, position + ctz(bits))
  return list
}

// Where the head (or the tail) of a position is, from the first one on.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function rowAt(position: u32, groupBits: u32, group: usize, stride: usize): usize {
  return <usize>(position >>> groupBits) * group + <usize>(position & ((1 << groupBits) - 1)) * stride
}

// Leaves those of the listed positions that may reach the threshold; where the list ends then.
function judgeHeads(
  euclidean: bool, rows: usize, groupBits: u32, group: usize, headCodes: usize, query: usize, list: usize, end: usize,
  tailLength: f64, first: f64, second: f64, third: f64, fourth: f64, least: f64,
): usize {
  const stride = headCodes + META
  const rough1 = <f32>first
  const rough2 = roughSecond(euclidean, second, third, least)
  const rough3 = roughThird(euclidean, second, third)
  const rough4 = roughFourth(euclidean, first, fourth, least)
  let at = list
  for (; list < end; list += 16) {
    const left = <u32>(end - list) >>> 2
    const position = load<u32>(list)
    // The last ones may be fewer than four.
    const position1 = left > 1 ? load<u32>(list, 4) : position
    const position2 = left > 2 ? load<u32>(list, 8) : position
    const position3 = left > 3 ? load<u32>(list, 12) : position
    const a = rows + rowAt(position, groupBits, group, stride)
    const b = rows + rowAt(position1, groupBits, group, stride)
    const c = rows + rowAt(position2, groupBits, group, stride)
    const d = rows + rowAt(position3, groupBits, group, stride)
    const found = dots(a, b, c, d, query, headCodes)
    let reach = reaching(
      euclidean, found, a + headCodes, b + headCodes, c + headCodes, d + headCodes, tailLength, first, second, third, fourth, least,
      rough1, rough2, rough3, rough4,
    )
    if (left < 4) reach &= (1 << left) - 1
    if (reach) {
      if (reach & 1) at = putPosition(at, position)
      if (reach & 2) at = putPosition(at, position1)
      if (reach & 4) at = putPosition(at, position2)
      if (reach & 8) at = putPosition(at, position3)
    }
  }
  return at
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function scanHeads(
  euclidean: bool, whole: bool, rows: usize, groupBits: u32, headCodes: usize, tailStride: usize, from: u32, to: u32, query: usize, list: usize,
  tailLength: f64, first: f64, second: f64, third: f64, fourth: f64, least: f64, allowed: usize,
): usize {
  const stride = headCodes + META
  const group = (stride + tailStride) << groupBits
  const tails = rows + (stride << groupBits)
  const apart = apartOf(to - from)
  const width = min<u32>(apart, 32)
  const dense = areDense(allowed, from, to, DENSE_HEADS)
  const rough1 = <f32>first
  const rough2 = roughSecond(euclidean, second, third, least)
  const rough3 = roughThird(euclidean, second, third)
  const rough4 = roughFourth(euclidean, first, fourth, least)
  let at = list
  // Where the positions begin whose heads are still to be read.
  let unjudged = list
  for (let base = from, end = from + apart; base != end; base += width) {
    const base1 = base + apart
    const base2 = base1 + apart
    const base3 = base2 + apart
    const bits = bitsAt(allowed, from, to, base, width)
    const bits1 = bitsAt(allowed, from, to, base1, width)
    const bits2 = bitsAt(allowed, from, to, base2, width)
    const bits3 = bitsAt(allowed, from, to, base3, width)
    if (!(bits | bits1 | bits2 | bits3)) continue
    if (!dense) {
      at = putPositions(at, bits, base)
      at = putPositions(at, bits1, base1)
      at = putPositions(at, bits2, base2)
      at = putPositions(at, bits3, base3)
      if (!whole && at - unjudged >= TOGETHER) {
        at = judgeHeads(euclidean, rows, groupBits, group, headCodes, query, unjudged, at, tailLength, first, second, third, fourth, least)
        unjudged = at
      }
      continue
    }
    let row = rows + rowAt(base, groupBits, group, stride)
    // Where nothing is asked for, there may be nothing; but 32 rows are there whole.
    let row1 = bits1 ? rows + rowAt(base1, groupBits, group, stride) : row
    let row2 = bits2 ? rows + rowAt(base2, groupBits, group, stride) : row
    let row3 = bits3 ? rows + rowAt(base3, groupBits, group, stride) : row
    for (let step: u32 = 0; step < width; step++) {
      let found = dots(row, row1, row2, row3, query, headCodes)
      if (whole) {
        const set = lowest(bits >>> step, bits1 >>> step, bits2 >>> step, bits3 >>> step)
        const tail = tails + rowAt(base + step, groupBits, group, tailStride)
        const tail1 = set & 2 ? tails + rowAt(base1 + step, groupBits, group, tailStride) : tail
        const tail2 = set & 4 ? tails + rowAt(base2 + step, groupBits, group, tailStride) : tail
        const tail3 = set & 8 ? tails + rowAt(base3 + step, groupBits, group, tailStride) : tail
        found = i32x4.add(found, dots(tail, tail1, tail2, tail3, query + (headCodes << 1), (tailStride + 11) & ~15))
      }
      let reach = reaching(
        euclidean, found, row + headCodes, row1 + headCodes, row2 + headCodes, row3 + headCodes, tailLength, first, second, third, fourth, least,
        rough1, rough2, rough3, rough4,
      )
      if (reach) {
        reach &= lowest(bits >>> step, bits1 >>> step, bits2 >>> step, bits3 >>> step)
        if (reach & 1) at = putPosition(at, base + step)
        if (reach & 2) at = putPosition(at, base1 + step)
        if (reach & 4) at = putPosition(at, base2 + step)
        if (reach & 8) at = putPosition(at, base3 + step)
      }
      row += stride
      row1 += stride
      row2 += stride
      row3 += stride
    }
  }
  if (!dense && !whole) {
    at = judgeHeads(euclidean, rows, groupBits, group, headCodes, query, unjudged, at, tailLength, first, second, third, fourth, least)
  }
  return (at - list) >>> 2
}

/**
 * Writes the positions among from..to-1 (at most 4096, `from` a multiple of 32) whose upper bound can reach `least` whatever
 * the tail holds, and returns how many. `tailLength` is at least the length of the query's codes over the tails. `whole`: the tails are
 * read as well, and `tailLength` is 0.
 */
export function scanHeadsDot(
  rows: usize, groupBits: u32, headCodes: usize, tailStride: usize, from: u32, to: u32, query: usize, list: usize,
  whole: u32, tailLength: f64, scale: f64, perError: f64, perLength: f64, least: f64, allowed: usize,
): usize {
  return whole
    ? scanHeads(
        false, true, rows, groupBits, headCodes, tailStride, from, to, query, list, 0, scale, perError, perLength, 0, least, allowed,
      )
    : scanHeads(
        false, false, rows, groupBits, headCodes, tailStride, from, to, query, list, tailLength, scale, perError, perLength, 0, least, allowed,
      )
}

export function scanHeadsEuclidean(
  rows: usize, groupBits: u32, headCodes: usize, tailStride: usize, from: u32, to: u32, query: usize, list: usize,
  whole: u32, tailLength: f64, twice: f64, error: f64, square: f64, rounding: f64, least: f64, allowed: usize,
): usize {
  return whole
    ? scanHeads(
        true, true, rows, groupBits, headCodes, tailStride, from, to, query, list, 0, twice, error, square, rounding, least, allowed,
      )
    : scanHeads(
        true, false, rows, groupBits, headCodes, tailStride, from, to, query, list, tailLength, twice, error, square, rounding, least, allowed,
      )
}

// The results among four rows whose dots are `sums`; only the first `left` count. Dot: `first` to `third` are scale, perError and
// perLength; Euclidean: `first` to `fourth` are twice, error, square and rounding.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function judgeTails(
  euclidean: bool, list: usize, left: u32, heads: usize, tails: usize, groupBits: u32, group: usize, headCodes: usize, tailStride: usize,
  sums: v128, results: usize, count: usize, first: f64, second: f64, third: f64, fourth: f64, least: f64, most: f64,
): usize {
  let found = count
  for (let lane: u32 = 0; lane < 4; lane++) {
    if (lane >= left) break
    const position = load<u32>(list)
    list += 4
    const meta = heads + rowAt(position, groupBits, group, headCodes + META) + headCodes
    const error = load<f32>(tails + rowAt(position, groupBits, group, tailStride) + tailStride - 4)
    const dot = i32x4.extract_lane(sums, 0)
    sums = v128.shuffle<i32>(sums, sums, 1, 2, 3, 0)
    if (error < 0) continue
    found = euclidean
      ? judgeEuclidean(meta, <f64>error, position, dot, results, found, first, second, third, fourth, least, most)
      : judgeDot(meta, <f64>error, position, dot, results, found, first, second, third, least, most)
  }
  return found
}

// Tails are far apart: asked for one after the other, before the first is needed, they arrive together.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function fetchTails(tails: usize, groupBits: u32, group: usize, tailStride: usize, list: usize, end: usize): u32 {
  let any: u32 = 0
  for (; list != end; list += 4) {
    const tail = tails + rowAt(load<u32>(list), groupBits, group, tailStride)
    for (let at: usize = 0; at < tailStride; at += 64) any |= load<u32>(tail + at)
  }
  return any
}

// The results among listed positions, four at once: they share the loads of the query.
// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function scanTails(
  euclidean: bool, rows: usize, groupBits: u32, headCodes: usize, tailStride: usize, list: usize, count: u32, query: usize, results: usize,
  first: f64, second: f64, third: f64, fourth: f64, least: f64, most: f64,
): usize {
  const stride = headCodes + META
  const group = (stride + tailStride) << groupBits
  const tails = rows + (stride << groupBits)
  // Rounded up to a multiple of 16: the query is zero beyond the tail's codes.
  const tailCodes = (tailStride + 11) & ~15
  const tailQuery = query + (headCodes << 1)
  let found: usize = 0
  let fetched = list
  let any: u32 = 0
  for (const end = list + (<usize>count << 2); list < end; list += 16) {
    if (list == fetched) {
      fetched = min<usize>(end, list + FETCHED)
      any |= fetchTails(tails, groupBits, group, tailStride, list, fetched)
    }
    const left = <u32>(end - list) >>> 2
    const a = load<u32>(list)
    const b = left > 1 ? load<u32>(list, 4) : a
    const c = left > 2 ? load<u32>(list, 8) : a
    const d = left > 3 ? load<u32>(list, 12) : a
    const heads = dots(
      rows + rowAt(a, groupBits, group, stride), rows + rowAt(b, groupBits, group, stride), rows + rowAt(c, groupBits, group, stride),
      rows + rowAt(d, groupBits, group, stride), query, headCodes,
    )
    const rest = dots(
      tails + rowAt(a, groupBits, group, tailStride), tails + rowAt(b, groupBits, group, tailStride),
      tails + rowAt(c, groupBits, group, tailStride), tails + rowAt(d, groupBits, group, tailStride), tailQuery, tailCodes,
    )
    found = judgeTails(
      euclidean, list, left, rows, tails, groupBits, group, headCodes, tailStride, i32x4.add(heads, rest), results, found, first, second, third,
      fourth, least, most,
    )
  }
  // What is behind the results is never read, but without it nothing would be fetched.
  if (found < MAX_RESULTS) store<u32>(results + (MAX_RESULTS << 4) + (found << 2), any)
  return found
}

/** The results among `count` listed positions, as scanCodesDot has them. */
export function scanTailsDot(
  rows: usize, groupBits: u32, headCodes: usize, tailStride: usize, list: usize, count: u32, query: usize, results: usize,
  scale: f64, perError: f64, perLength: f64, least: f64, most: f64,
): usize {
  return scanTails(
    false, rows, groupBits, headCodes, tailStride, list, count, query, results, scale, perError, perLength, 0, least, most,
  )
}

/** The results among `count` listed positions, as scanCodesEuclidean has them. */
export function scanTailsEuclidean(
  rows: usize, groupBits: u32, headCodes: usize, tailStride: usize, list: usize, count: u32, query: usize, results: usize,
  twice: f64, error: f64, square: f64, rounding: f64, least: f64, most: f64,
): usize {
  return scanTails(
    true, rows, groupBits, headCodes, tailStride, list, count, query, results, twice, error, square, rounding, least, most,
  )
}

/**
 * `count` rows as `quantize` made them, `fromStride` bytes apart, to the positions from `position` on.
 */
export function splitRows(
  from: usize, fromStride: usize, count: u32, dim: usize, rows: usize, groupBits: u32, headCodes: usize, tailStride: usize, position: u32,
): void {
  const stride = headCodes + META
  const group = (stride + tailStride) << groupBits
  const tails = rows + (stride << groupBits)
  const rest = dim - headCodes
  for (const end = position + count; position != end; position++, from += fromStride) {
    const head = rows + rowAt(position, groupBits, group, stride)
    const tail = tails + rowAt(position, groupBits, group, tailStride)
    const meta = from + fromStride - 12
    memory.copy(head, from, headCodes)
    memory.copy(tail, from + headCodes, rest)
    let squares: i32 = 0
    for (let at: usize = headCodes; at < dim; at++) {
      const code = <i32>load<i8>(from + at)
      squares += code * code
    }
    for (let at = rest; at < tailStride - 4; at++) store<u8>(tail + at, 0)
    // Rounded up to the upper half of a float32; the mark of a removed row stays what it is.
    const error = (load<u32>(meta, 4) + 0xffff) >>> 16
    const norm = <u32>ceil<f64>(sqrt<f64>(<f64>squares))
    store<u32>(head + headCodes, load<u32>(meta))
    store<u32>(head + headCodes, error | (norm << 16), 4)
    store<u32>(head + headCodes, load<u32>(meta, 8), 8)
    store<u32>(tail + tailStride - 4, load<u32>(meta, 4))
  }
}
