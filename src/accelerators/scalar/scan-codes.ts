import type { CodeScan, Scan } from '../kernels.ts'
import { MAX_RESULTS } from '../kernels.ts'
import { eachRow } from './places.ts'
import type { Views } from './views.ts'

// The reference of assembly/scan-codes.ts: one row at a time, the same arithmetic in the same order.

/** From so many allowed rows among 32 on all rows are read in sequence. */
const DENSE_CODES = 3

export function scanCodesDot(views: Views, scan: CodeScan): number {
  const { f32, u32 } = views
  const { rows, stride, query, bounds } = scan
  let count = 0
  eachRow(u32, scan, DENSE_CODES, position => {
    const row = rows + position * stride
    const tail = (row + stride) >>> 2
    const error = f32[tail - 2]
    if (error < 0) return
    const estimate = bounds.scale * f32[tail - 3] * dot(views, row, query, stride)
    const slack = bounds.perError * error + bounds.perLength * f32[tail - 1]
    count = putResult(views, scan, count, position, estimate - slack, estimate + slack)
  })
  return count
}

export function scanCodesEuclidean(views: Views, scan: CodeScan): number {
  const { f32, i32, u32 } = views
  const { rows, stride, query } = scan
  let count = 0
  eachRow(u32, scan, DENSE_CODES, position => {
    const row = rows + position * stride
    const tail = (row + stride) >>> 2
    const rowError = f32[tail - 2]
    if (rowError < 0) return
    const sum = dot(views, row, query, stride)
    count = putDistance(views, scan, count, position, f32[tail - 3], rowError, i32[tail - 1], sum)
  })
  return count
}

/** The bounds of a Euclidean distance from the dot product of the codes. */
export function putDistance(
  views: Views,
  scan: Omit<CodeScan, 'stride'>,
  count: number,
  position: number,
  rowScale: number,
  rowError: number,
  codeSquares: number,
  sum: number,
): number {
  const { scale, square, distanceError, distanceRounding } = scan.bounds
  const squares = rowScale * rowScale * codeSquares
  const slack = distanceRounding * (square + squares)
  const estimate = square - 2 * scale * rowScale * sum + squares
  const nearest = estimate - slack
  const errors = rowError + distanceError
  const reach = Math.max(errors - scan.least, 0)
  if (nearest > reach * reach) return count
  const upper = Math.min(errors - Math.sqrt(Math.max(nearest, 0)), 0)
  const lower = -(Math.sqrt(Math.max(estimate + slack, 0)) + errors)
  return putResult(views, scan, count, position, lower, upper)
}

/** Writes a result if its bounds are in range. Returns the new number of results. */
export function putResult(
  { f64, u32 }: Views,
  { results, least, most }: Scan,
  count: number,
  position: number,
  lower: number,
  upper: number,
): number {
  if (upper < least || lower > most) return count
  f64[(results >>> 3) + count] = lower
  f64[(results >>> 3) + MAX_RESULTS + count] = upper
  u32[(results >>> 2) + 4 * MAX_RESULTS + count] = position
  return count + 1
}

/** The dot product of `codes` codes with those of a query. An int32 wraps as in the kernel. */
export function dot({ i8, i16 }: Views, row: number, query: number, codes: number): number {
  const from = query >>> 1
  let sum = 0
  for (let i = 0; i < codes; i++) sum += i8[row + i] * i16[from + i]
  return sum | 0
}
