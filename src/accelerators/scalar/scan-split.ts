import { eachRow } from './places.ts'
import { putHit } from './scan-codes.ts'
import type { Views } from './views.ts'

/** Bytes behind the codes of a head. */
const META = 12

/** The twin of assembly/scan-split.ts: one row at a time, the same arithmetic in the same order. */
export function scanHeadsDot(
  views: Views,
  rows: number,
  groupBits: number,
  headCodes: number,
  tailStride: number,
  from: number,
  to: number,
  query: number,
  list: number,
  whole: number,
  tailLength: number,
  scale: number,
  perError: number,
  perLength: number,
  least: number,
  allowed: number,
): number {
  const { f32, u32 } = views
  let count = 0
  eachRow(u32, allowed, from, to, (position, dense) => {
    if (dense) {
      const head = headAt(rows, groupBits, headCodes, tailStride, position)
      const meta = (head + headCodes) >>> 2
      const tail = tailAt(rows, groupBits, headCodes, tailStride, position)
      const dots =
        whole === 0
          ? mostDots(views, head, headCodes, query, tailLength)
          : wholeDot(views, head, headCodes, tail, tailStride, query)
      const estimate = scale * f32[meta] * dots
      const slack = perError * errorOf(u32[meta + 1]) + perLength * f32[meta + 2]
      if (estimate + slack < least) return
    }
    u32[(list >>> 2) + count++] = position
  })
  return count
}

export function scanHeadsEuclidean(
  views: Views,
  rows: number,
  groupBits: number,
  headCodes: number,
  tailStride: number,
  from: number,
  to: number,
  query: number,
  list: number,
  whole: number,
  tailLength: number,
  twice: number,
  error: number,
  square: number,
  rounding: number,
  least: number,
  allowed: number,
): number {
  const { f32, i32, u32 } = views
  let count = 0
  eachRow(u32, allowed, from, to, (position, dense) => {
    if (dense) {
      const head = headAt(rows, groupBits, headCodes, tailStride, position)
      const meta = (head + headCodes) >>> 2
      const scale = f32[meta]
      const squares = scale * scale * i32[meta + 2]
      const tail = tailAt(rows, groupBits, headCodes, tailStride, position)
      const dots =
        whole === 0
          ? mostDots(views, head, headCodes, query, tailLength)
          : wholeDot(views, head, headCodes, tail, tailStride, query)
      const mixed = twice * scale * dots
      const slack = rounding * (square + squares)
      const nearest = square - mixed + squares - slack
      const reach = Math.max(errorOf(u32[meta + 1]) + error - least, 0)
      if (nearest > reach * reach) return
    }
    u32[(list >>> 2) + count++] = position
  })
  return count
}

export function scanTailsDot(
  views: Views,
  rows: number,
  groupBits: number,
  headCodes: number,
  tailStride: number,
  list: number,
  count: number,
  query: number,
  hits: number,
  scale: number,
  perError: number,
  perLength: number,
  least: number,
  most: number,
): number {
  const { f32, f64, u32 } = views
  let found = 0
  for (let i = 0; i < count; i++) {
    const position = u32[(list >>> 2) + i]
    const tail = tailAt(rows, groupBits, headCodes, tailStride, position)
    const error = f32[((tail + tailStride) >>> 2) - 1]
    if (error < 0) continue
    const head = headAt(rows, groupBits, headCodes, tailStride, position)
    const meta = (head + headCodes) >>> 2
    const estimate = scale * f32[meta] * wholeDot(views, head, headCodes, tail, tailStride, query)
    const slack = perError * error + perLength * f32[meta + 2]
    const lower = estimate - slack
    const upper = estimate + slack
    if (upper < least || lower > most) continue
    putHit(f64, u32, hits, found++, position, lower, upper)
  }
  return found
}

export function scanTailsEuclidean(
  views: Views,
  rows: number,
  groupBits: number,
  headCodes: number,
  tailStride: number,
  list: number,
  count: number,
  query: number,
  hits: number,
  twice: number,
  error: number,
  square: number,
  rounding: number,
  least: number,
  most: number,
): number {
  const { f32, f64, i32, u32 } = views
  let found = 0
  for (let i = 0; i < count; i++) {
    const position = u32[(list >>> 2) + i]
    const tail = tailAt(rows, groupBits, headCodes, tailStride, position)
    const rowError = f32[((tail + tailStride) >>> 2) - 1]
    if (rowError < 0) continue
    const head = headAt(rows, groupBits, headCodes, tailStride, position)
    const meta = (head + headCodes) >>> 2
    const scale = f32[meta]
    const squares = scale * scale * i32[meta + 2]
    const slack = rounding * (square + squares)
    const whole = wholeDot(views, head, headCodes, tail, tailStride, query)
    const estimate = square - twice * scale * whole + squares
    const nearest = estimate - slack
    const errors = rowError + error
    const reach = Math.max(errors - least, 0)
    if (nearest > reach * reach) continue
    const upper = Math.min(errors - Math.sqrt(Math.max(nearest, 0)), 0)
    const lower = -(Math.sqrt(Math.max(estimate + slack, 0)) + errors)
    if (upper < least || lower > most) continue
    putHit(f64, u32, hits, found++, position, lower, upper)
  }
  return found
}

export function splitRows(
  { i8, u8, u32 }: Views,
  from: number,
  fromStride: number,
  count: number,
  dim: number,
  rows: number,
  groupBits: number,
  headCodes: number,
  tailStride: number,
  position: number,
): void {
  for (let row = 0; row < count; row++, from += fromStride) {
    const head = headAt(rows, groupBits, headCodes, tailStride, position + row)
    const tail = tailAt(rows, groupBits, headCodes, tailStride, position + row)
    const meta = (from + fromStride - 12) >>> 2
    u8.copyWithin(head, from, from + headCodes)
    u8.copyWithin(tail, from + headCodes, from + dim)
    u8.fill(0, tail + dim - headCodes, tail + tailStride - 4)
    let squares = 0
    for (let at = from + headCodes; at < from + dim; at++) squares += i8[at] * i8[at]
    const to = (head + headCodes) >>> 2
    const error = ((u32[meta + 1] + 0xffff) >>> 16) & 0xffff
    u32[to] = u32[meta]
    u32[to + 1] = error | (Math.ceil(Math.sqrt(squares)) << 16)
    u32[to + 2] = u32[meta + 2]
    u32[((tail + tailStride) >>> 2) - 1] = u32[meta + 1]
  }
}

/** Where the head of a position is. */
function headAt(
  rows: number,
  groupBits: number,
  headCodes: number,
  tailStride: number,
  position: number,
): number {
  const stride = headCodes + META
  const within = position & ((1 << groupBits) - 1)
  return rows + (position >>> groupBits) * ((stride + tailStride) << groupBits) + within * stride
}

/** Where the tail of a position is. */
function tailAt(
  rows: number,
  groupBits: number,
  headCodes: number,
  tailStride: number,
  position: number,
): number {
  const stride = headCodes + META
  const within = position & ((1 << groupBits) - 1)
  const group = rows + (position >>> groupBits) * ((stride + tailStride) << groupBits)
  return group + (stride << groupBits) + within * tailStride
}

const halves = new Uint32Array(1)
const single = new Float32Array(halves.buffer)

/** The float32 whose upper half stands in the lower half of a word. */
function errorOf(word: number): number {
  halves[0] = word << 16
  return single[0]
}

/** The most that the dot of the whole row can be. */
function mostDots(
  views: Views,
  head: number,
  headCodes: number,
  query: number,
  tailLength: number,
): number {
  const norm = views.u32[((head + headCodes) >>> 2) + 1] >>> 16
  return dot(views, head, query, headCodes) + norm * tailLength
}

// The query is zero over what stands behind the tail's codes. An int32 wraps as the kernel's does.
function wholeDot(
  views: Views,
  head: number,
  headCodes: number,
  tail: number,
  tailStride: number,
  query: number,
): number {
  const rest = dot(views, tail, query + 2 * headCodes, tailStride - 4)
  return (dot(views, head, query, headCodes) + rest) | 0
}

function dot({ i8, i16 }: Views, row: number, query: number, codes: number): number {
  const from = query >>> 1
  let sum = 0
  for (let i = 0; i < codes; i++) sum += i8[row + i] * i16[from + i]
  return sum | 0
}
