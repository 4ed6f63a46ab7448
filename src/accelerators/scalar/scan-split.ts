import type { SplitLayout, SplitScan } from '../kernels.ts'
import { eachRow } from './places.ts'
import { dot, putDistance, putResult } from './scan-codes.ts'
import type { Views } from './views.ts'

// The reference of assembly/scan-split.ts: one row at a time, the same arithmetic in the same order.

/** From so many allowed rows among 32 on all heads are read in sequence. */
const DENSE_HEADS = 4

export function scanHeadsDot(views: Views, scan: SplitScan): number {
  const { f32, u32 } = views
  const { bounds, layout, least } = scan
  return listed(views, scan, position => {
    const meta = (headAt(layout, position) + layout.headCodes) >>> 2
    const estimate = bounds.scale * f32[meta] * mostDot(views, scan, position)
    const slack = bounds.perError * errorOf(u32[meta + 1]) + bounds.perLength * f32[meta + 2]
    return !(estimate + slack < least)
  })
}

export function scanHeadsEuclidean(views: Views, scan: SplitScan): number {
  const { f32, i32, u32 } = views
  const { bounds, layout, least } = scan
  return listed(views, scan, position => {
    const meta = (headAt(layout, position) + layout.headCodes) >>> 2
    const scale = f32[meta]
    const squares = scale * scale * i32[meta + 2]
    const mixed = 2 * bounds.scale * scale * mostDot(views, scan, position)
    const slack = bounds.distanceRounding * (bounds.square + squares)
    const nearest = bounds.square - mixed + squares - slack
    const reach = Math.max(errorOf(u32[meta + 1]) + bounds.distanceError - least, 0)
    return !(nearest > reach * reach)
  })
}

/**
 * Lists the allowed positions that may reach the threshold. With `whole`, positions that are read one by one are listed
 * unchecked.
 */
function listed({ u32 }: Views, scan: SplitScan, mayReach: (position: number) => boolean): number {
  const { list, whole } = scan
  let count = 0
  eachRow(u32, scan, DENSE_HEADS, (position, dense) => {
    if ((whole && !dense) || mayReach(position)) u32[(list >>> 2) + count++] = position
  })
  return count
}

export function scanTailsDot(views: Views, scan: SplitScan, count: number): number {
  const { f32, u32 } = views
  const { bounds, layout, list } = scan
  let found = 0
  for (let i = 0; i < count; i++) {
    const position = u32[(list >>> 2) + i]
    const error = f32[errorAt(layout, position)]
    if (error < 0) continue
    const meta = (headAt(layout, position) + layout.headCodes) >>> 2
    const estimate = bounds.scale * f32[meta] * wholeDot(views, scan, position)
    const slack = bounds.perError * error + bounds.perLength * f32[meta + 2]
    found = putResult(views, scan, found, position, estimate - slack, estimate + slack)
  }
  return found
}

export function scanTailsEuclidean(views: Views, scan: SplitScan, count: number): number {
  const { f32, i32, u32 } = views
  const { layout, list } = scan
  let found = 0
  for (let i = 0; i < count; i++) {
    const position = u32[(list >>> 2) + i]
    const error = f32[errorAt(layout, position)]
    if (error < 0) continue
    const meta = (headAt(layout, position) + layout.headCodes) >>> 2
    const sum = wholeDot(views, scan, position)
    found = putDistance(views, scan, found, position, f32[meta], error, i32[meta + 2], sum)
  }
  return found
}

export function splitRows(
  { i8, u8, u32 }: Views,
  from: number,
  stride: number,
  count: number,
  layout: SplitLayout,
  position: number,
): void {
  const { dim, headCodes, tailStride } = layout
  for (let row = 0; row < count; row++, from += stride) {
    const head = headAt(layout, position + row)
    const tail = tailAt(layout, position + row)
    const meta = (from + stride - 12) >>> 2
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
    u32[errorAt(layout, position + row)] = u32[meta + 1]
  }
}

/** The address of the head of a position. */
function headAt(layout: SplitLayout, position: number): number {
  const { groupBits, groupBytes, headStride, rows } = layout
  const within = position & ((1 << groupBits) - 1)
  return rows + (position >>> groupBits) * groupBytes + within * headStride
}

/** The address of the tail of a position. */
function tailAt(layout: SplitLayout, position: number): number {
  const { groupBits, groupBytes, headStride, rows, tailStride } = layout
  const within = position & ((1 << groupBits) - 1)
  const group = rows + (position >>> groupBits) * groupBytes
  return group + (headStride << groupBits) + within * tailStride
}

/** The address of the word of a tail that contains the error. */
function errorAt(layout: SplitLayout, position: number): number {
  return ((tailAt(layout, position) + layout.tailStride) >>> 2) - 1
}

const halves = new Uint32Array(1)
const single = new Float32Array(halves.buffer)

/** The float32 whose upper half is in the lower half of a word. */
function errorOf(word: number): number {
  halves[0] = word << 16
  return single[0]
}

/** An upper bound of the dot product of the whole row, from its head; or that dot product itself. */
function mostDot(views: Views, scan: SplitScan, position: number): number {
  if (scan.whole) return wholeDot(views, scan, position)
  const { headCodes } = scan.layout
  const head = headAt(scan.layout, position)
  const norm = views.u32[((head + headCodes) >>> 2) + 1] >>> 16
  return dot(views, head, scan.query, headCodes) + norm * scan.tailLength
}

// The query is zero beyond the tail's codes. An int32 wraps as in the kernel.
function wholeDot(views: Views, { layout, query }: SplitScan, position: number): number {
  const { headCodes, tailStride } = layout
  const tail = tailAt(layout, position)
  const rest = dot(views, tail, query + 2 * headCodes, tailStride - 4)
  return (dot(views, headAt(layout, position), query, headCodes) + rest) | 0
}
