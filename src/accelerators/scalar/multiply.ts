import type { MultiplyRequest } from '../kernels.ts'
import type { Views } from './views.ts'

/** The reference of assembly/multiply.ts. */
export function multiply({ f32 }: Views, request: MultiplyRequest): void {
  const { a, aStride, rows, b, bStride, columns, dim, out, outStride } = request
  for (let row = 0; row < rows; row++) {
    const x = (a + row * aStride) >>> 2
    for (let column = 0; column < columns; column++) {
      const y = (b + column * bStride) >>> 2
      f32[((out + row * outStride) >>> 2) + column] = dot(f32, x, y, dim)
    }
  }
}

/** Number k is added to sum k % 4. If the numbers end within a group of four, zeros follow. */
function dot(f32: Float32Array, x: number, y: number, dim: number): number {
  sums.fill(0)
  for (let i = 0; i < dim; i++) sums[i & 3] += Math.fround(f32[x + i] * f32[y + i])
  if (dim & 3) for (let i = dim & 3; i < 4; i++) sums[i] += 0
  return Math.fround(sums[0] + sums[1]) + Math.fround(sums[2] + sums[3])
}

const sums = new Float32Array(4)
