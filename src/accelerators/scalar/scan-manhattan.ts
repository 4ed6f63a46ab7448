import type { CodeScan } from '../kernels.ts'
import { isAllowed } from './places.ts'
import { putResult } from './scan-codes.ts'
import { sixteenSums } from './scan-floats.ts'
import type { Views } from './views.ts'

/** The reference of assembly/scan-manhattan.ts. */
export function scanCodesManhattan(views: Views, scan: CodeScan): number {
  const { f32, i8, u32 } = views
  const { rows, stride, query, bounds, allowed, from, to } = scan
  const codes = stride - 12
  let count = 0
  for (let position = from; position < to; position++) {
    if (allowed !== 0 && !isAllowed(u32, allowed, position - from)) continue
    const row = rows + position * stride
    const tail = (row + stride) >>> 2
    const scale = f32[tail - 3]
    const error = f32[tail - 2]
    if (error < 0) continue
    const sum = sixteenSums(codes, i =>
      Math.abs(Math.fround(f32[(query >>> 2) + i] - Math.fround(scale * i8[row + i]))),
    )
    let lower = -Infinity
    let upper = Infinity
    if (sum < Infinity) {
      upper = -Math.max((1 - 2 * bounds.rounding) * sum - error, 0)
      lower = -((1 + 2 * bounds.rounding) * sum + error)
    }
    count = putResult(views, scan, count, position, lower, upper)
  }
  return count
}
