// Dot products of float32 rows with float32 rows, in single precision: a matrix by a transposed one. One sum of four lanes for each
// product, number k in lane k % 4, so that what comes out of a row does not depend on its neighbours.

import { loadRest } from './quantize'

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function sum(lanes: v128): f32 {
  return (
    f32x4.extract_lane(lanes, 0) + f32x4.extract_lane(lanes, 1) + (f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3))
  )
}

// @ts-ignore: a decorator of a function, which AssemblyScript has and TypeScript has not
@inline
function step(sums: v128, a: v128, b: v128): v128 {
  return f32x4.add(sums, f32x4.mul(a, b))
}

/** out[i][j] = a[i] . b[j], f32, for `rows` rows of `a` and `columns` rows of `b`, `dim` floats each; strides are bytes. */
export function multiply(
  a: usize, aStride: usize, rows: usize, b: usize, bStride: usize, columns: usize, dim: usize, out: usize, outStride: usize,
): void {
  const whole = (dim & ~3) << 2
  const rest = dim & 3
  for (let first: usize = 0; first < rows; first += 4) {
    const left = rows - first - 1
    const a0 = a + first * aStride
    // Behind the last row, it is that one again.
    const a1 = a0 + aStride * min<usize>(left, 1)
    const a2 = a0 + aStride * min<usize>(left, 2)
    const a3 = a0 + aStride * min<usize>(left, 3)
    const out0 = out + first * outStride
    for (let column: usize = 0; column < columns; column += 2) {
      const b0 = b + column * bStride
      const isLast = column + 1 == columns
      const b1 = isLast ? b0 : b0 + bStride
      let s00 = f32x4.splat(0)
      let s01 = f32x4.splat(0)
      let s10 = f32x4.splat(0)
      let s11 = f32x4.splat(0)
      let s20 = f32x4.splat(0)
      let s21 = f32x4.splat(0)
      let s30 = f32x4.splat(0)
      let s31 = f32x4.splat(0)
      for (let at: usize = 0; at < whole; at += 16) {
        const v0 = v128.load(b0 + at)
        const v1 = v128.load(b1 + at)
        let u = v128.load(a0 + at)
        s00 = step(s00, u, v0)
        s01 = step(s01, u, v1)
        u = v128.load(a1 + at)
        s10 = step(s10, u, v0)
        s11 = step(s11, u, v1)
        u = v128.load(a2 + at)
        s20 = step(s20, u, v0)
        s21 = step(s21, u, v1)
        u = v128.load(a3 + at)
        s30 = step(s30, u, v0)
        s31 = step(s31, u, v1)
      }
      if (rest) {
        const v0 = loadRest(b0 + whole, rest)
        const v1 = loadRest(b1 + whole, rest)
        let u = loadRest(a0 + whole, rest)
        s00 = step(s00, u, v0)
        s01 = step(s01, u, v1)
        u = loadRest(a1 + whole, rest)
        s10 = step(s10, u, v0)
        s11 = step(s11, u, v1)
        u = loadRest(a2 + whole, rest)
        s20 = step(s20, u, v0)
        s21 = step(s21, u, v1)
        u = loadRest(a3 + whole, rest)
        s30 = step(s30, u, v0)
        s31 = step(s31, u, v1)
      }
      let to = out0 + (column << 2)
      store<f32>(to, sum(s00))
      if (!isLast) store<f32>(to, sum(s01), 4)
      if (left < 1) continue
      to += outStride
      store<f32>(to, sum(s10))
      if (!isLast) store<f32>(to, sum(s11), 4)
      if (left < 2) continue
      to += outStride
      store<f32>(to, sum(s20))
      if (!isLast) store<f32>(to, sum(s21), 4)
      if (left < 3) continue
      to += outStride
      store<f32>(to, sum(s30))
      if (!isLast) store<f32>(to, sum(s31), 4)
    }
  }
}
