import { MAX_HITS } from '../kernels.ts'
import { eachRow } from './places.ts'
import type { Views } from './views.ts'

/** The twin of assembly/scan-codes.ts: one row at a time, the same arithmetic in the same order. */
export function scanCodesDot(
  views: Views,
  rows: number,
  stride: number,
  from: number,
  to: number,
  query: number,
  hits: number,
  scale: number,
  perError: number,
  perLength: number,
  least: number,
  most: number,
  allowed: number,
): number {
  const { f32, f64, u32 } = views
  let count = 0
  eachRow(u32, allowed, from, to, position => {
    const row = rows + position * stride
    const tail = (row + stride) >>> 2
    const error = f32[tail - 2]
    if (error < 0) return
    const estimate = scale * f32[tail - 3] * dot(views, row, query, stride)
    const slack = perError * error + perLength * f32[tail - 1]
    const lower = estimate - slack
    const upper = estimate + slack
    if (upper < least || lower > most) return
    putHit(f64, u32, hits, count++, position, lower, upper)
  })
  return count
}

export function scanCodesEuclidean(
  views: Views,
  rows: number,
  stride: number,
  from: number,
  to: number,
  query: number,
  hits: number,
  twice: number,
  error: number,
  square: number,
  rounding: number,
  least: number,
  most: number,
  allowed: number,
): number {
  const { f32, f64, i32, u32 } = views
  let count = 0
  eachRow(u32, allowed, from, to, position => {
    const row = rows + position * stride
    const tail = (row + stride) >>> 2
    const rowError = f32[tail - 2]
    if (rowError < 0) return
    const scale = f32[tail - 3]
    const squares = scale * scale * i32[tail - 1]
    const slack = rounding * (square + squares)
    const estimate = square - twice * scale * dot(views, row, query, stride) + squares
    const nearest = estimate - slack
    const errors = rowError + error
    const reach = Math.max(errors - least, 0)
    if (nearest > reach * reach) return
    const upper = Math.min(errors - Math.sqrt(Math.max(nearest, 0)), 0)
    const lower = -(Math.sqrt(Math.max(estimate + slack, 0)) + errors)
    if (upper < least || lower > most) return
    putHit(f64, u32, hits, count++, position, lower, upper)
  })
  return count
}

export function putHit(
  f64: Float64Array,
  u32: Uint32Array,
  hits: number,
  count: number,
  position: number,
  lower: number,
  upper: number,
): void {
  f64[(hits >>> 3) + count] = lower
  f64[(hits >>> 3) + MAX_HITS + count] = upper
  u32[(hits >>> 2) + 4 * MAX_HITS + count] = position
}

// The query is zero over the row's last 12 bytes. An int32 wraps as the kernel's does.
function dot({ i8, i16 }: Views, row: number, query: number, stride: number): number {
  const from = query >>> 1
  let sum = 0
  for (let i = 0; i < stride; i++) sum += i8[row + i] * i16[from + i]
  return sum | 0
}
