import type { Arena } from '../../../../accelerators/arena.ts'

/** Vectors, without gaps, that are compared with the same centroids. */
export interface Comparison {
  /** Addresses: of the vectors, of the centroids, and of what is taken off the dot product with each of them (f64). */
  readonly vectors: number
  readonly centroids: number
  readonly offsets: number
  readonly rows: number
  readonly count: number
}

/** For each vector, which of its centroids is the nearest, and their dot product. */
export interface NearestCentroids {
  readonly nearest: Uint32Array
  readonly dots: Float64Array
}

/** Finds the nearest centroids, in any thread that has the memory. `products`: space for a number of each pair. */
export function compare(
  { f32, f64, kernels }: Pick<Arena, 'f32' | 'f64' | 'kernels'>,
  { centroids, count, offsets, rows, vectors }: Comparison,
  dim: number,
  products: number,
  to: NearestCentroids,
  first: number,
): void {
  const stride = dim * 4
  const a = { a: vectors, aStride: stride, rows }
  const b = { b: centroids, bStride: stride, columns: count }
  kernels.multiply({ ...a, ...b, dim, out: products, outStride: count * 4 })
  const off = offsets / 8
  for (let row = 0, at = products / 4; row < rows; row++, at += count) {
    let best = 0
    let most = -Infinity
    // NaN, of products that overflow, never wins.
    for (let i = 0; i < count; i++) {
      const value = f32[at + i] - f64[off + i]
      if (value > most) {
        most = value
        best = i
      }
    }
    to.nearest[first + row] = best
    to.dots[first + row] = f32[at + best]
  }
}

/** The number of the first vector of each comparison, and at the end that of all vectors. */
export function firstsOf(comparisons: readonly Comparison[]): number[] {
  const firsts = [0]
  for (const [i, { rows }] of comparisons.entries()) firsts.push(firsts[i] + rows)
  return firsts
}
