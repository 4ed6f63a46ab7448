import type { FloatScan } from '../kernels.ts'
import { isAllowed } from './places.ts'
import { putResult } from './scan-codes.ts'
import type { Views } from './views.ts'

// The reference of assembly/scan-floats.ts.

export function scanFloatsDot(views: Views, scan: FloatScan): number {
  const { f32, f64, u32 } = views
  const { rows, stride, query, scale, perWeight, underflow, allowed, from, to } = scan
  const perUnit = underflow * scale
  let count = 0
  for (let position = from; position < to; position++) {
    if (allowed !== 0 && !isAllowed(u32, allowed, position - from)) continue
    const row = rows + position * stride
    const tail = (row + stride) / 8
    const weight = f64[tail - 2]
    if (weight < 0) continue
    let lower = -Infinity
    let upper = Infinity
    const dot = products(f32, row >>> 2, query >>> 2, (stride - 16) >>> 2)
    if (Math.abs(dot) < Infinity) {
      const unit = f64[tail - 1]
      const estimate = scale * unit * dot
      const slack = perWeight * weight + perUnit * unit
      lower = estimate - slack
      upper = estimate + slack
    }
    count = putResult(views, scan, count, position, lower, upper)
  }
  return count
}

export function scanFloatsEuclidean(views: Views, scan: FloatScan): number {
  const { f32, f64, u32 } = views
  const { rows, stride, query, rounding, underflow, least, allowed, from, to } = scan
  const shrink = 1 - 2 * rounding
  const grow = 1 + 2 * rounding
  let count = 0
  for (let position = from; position < to; position++) {
    if (allowed !== 0 && !isAllowed(u32, allowed, position - from)) continue
    const row = rows + position * stride
    if (f64[(row + stride) / 8 - 2] < 0) continue
    let lower = -Infinity
    let upper = Infinity
    const square = squares(f32, row >>> 2, query >>> 2, (stride - 16) >>> 2)
    if (square < Infinity) {
      const nearest = shrink * square - underflow
      const reach = Math.max(-least, 0)
      if (nearest > reach * reach) continue
      upper = -Math.sqrt(Math.max(nearest, 0))
      lower = -Math.sqrt(grow * square + underflow)
    }
    count = putResult(views, scan, count, position, lower, upper)
  }
  return count
}

export function scanFloatsManhattan(views: Views, scan: FloatScan): number {
  const { f32, f64, u32 } = views
  const { rows, stride, query, rounding, allowed, from, to } = scan
  let count = 0
  for (let position = from; position < to; position++) {
    if (allowed !== 0 && !isAllowed(u32, allowed, position - from)) continue
    const row = rows + position * stride
    if (f64[(row + stride) / 8 - 2] < 0) continue
    let lower = -Infinity
    let upper = Infinity
    const sum = sixteenSums((stride - 16) >>> 2, i =>
      Math.abs(Math.fround(f32[(query >>> 2) + i] - f32[(row >>> 2) + i])),
    )
    if (sum < Infinity) {
      upper = -(1 - 2 * rounding) * sum
      lower = -(1 + 2 * rounding) * sum
    }
    count = putResult(views, scan, count, position, lower, upper)
  }
  return count
}

function products(f32: Float32Array, row: number, query: number, floats: number): number {
  return sixteenSums(floats, i => Math.fround(f32[row + i] * f32[query + i]))
}

function squares(f32: Float32Array, row: number, query: number, floats: number): number {
  return sixteenSums(floats, i => {
    const difference = Math.fround(f32[query + i] - f32[row + i])
    return Math.fround(difference * difference)
  })
}

const sums = new Float32Array(16)

/**
 * Sixteen running sums of float32 terms, as in four vectors of four lanes, added up in the kernel's order. A store to a
 * Float32Array rounds to single precision. That equals float32 addition, since the double sum of two float32 numbers
 * rounds to the same float32 as their exact sum.
 */
export function sixteenSums(count: number, term: (i: number) => number): number {
  sums.fill(0)
  for (let i = 0; i < count; i++) sums[i & 15] += term(i)
  const { fround } = Math
  const lane = (i: number): number =>
    fround(fround(sums[i] + sums[i + 4]) + fround(sums[i + 8] + sums[i + 12]))
  return fround(fround(lane(0) + lane(2)) + fround(lane(1) + lane(3)))
}
