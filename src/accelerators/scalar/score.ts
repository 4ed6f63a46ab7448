import type { ScoreRequest } from '../kernels.ts'
import type { Views } from './views.ts'

// The reference of assembly/exact.ts: sums in index order.

export function scoreCosine({ f32, f64 }: Views, request: ScoreRequest): void {
  const { rows, stride, count, dim, query, queryLength, out } = request
  for (let i = 0; i < count; i++) {
    const row = (rows + i * stride) >>> 2
    f64[(out >>> 3) + i] =
      dot(f32, query >>> 2, row, dim) / (queryLength * Math.sqrt(dot(f32, row, row, dim)))
  }
}

export function scoreDot({ f32, f64 }: Views, request: ScoreRequest): void {
  const { rows, stride, count, dim, query, out } = request
  for (let i = 0; i < count; i++) {
    f64[(out >>> 3) + i] = dot(f32, query >>> 2, (rows + i * stride) >>> 2, dim)
  }
}

export function scoreEuclidean({ f32, f64 }: Views, request: ScoreRequest): void {
  const { rows, stride, count, dim, query, out } = request
  for (let i = 0; i < count; i++) {
    const row = (rows + i * stride) >>> 2
    let sum = 0
    for (let j = 0; j < dim; j++) {
      const difference = f32[(query >>> 2) + j] - f32[row + j]
      sum += difference * difference
    }
    f64[(out >>> 3) + i] = -Math.sqrt(sum)
  }
}

export function scoreManhattan({ f32, f64 }: Views, request: ScoreRequest): void {
  const { rows, stride, count, dim, query, out } = request
  for (let i = 0; i < count; i++) {
    const row = (rows + i * stride) >>> 2
    let sum = 0
    for (let j = 0; j < dim; j++) sum += Math.abs(f32[(query >>> 2) + j] - f32[row + j])
    f64[(out >>> 3) + i] = -sum
  }
}

export function magnitudes(
  { f32, f64 }: Views,
  rows: number,
  stride: number,
  count: number,
  dim: number,
  out: number,
): void {
  for (let i = 0; i < count; i++) {
    const row = (rows + i * stride) >>> 2
    f64[(out >>> 3) + i] = Math.sqrt(dot(f32, row, row, dim))
  }
}

function dot(f32: Float32Array, a: number, b: number, dim: number): number {
  let sum = 0
  for (let i = 0; i < dim; i++) sum += f32[a + i] * f32[b + i]
  return sum
}
