import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { principalPlane } from '../../../src/ui/principal-plane.ts'

/** Numbers between -1 and 1 that look random, and are the same in every run. */
function numbers(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const x = Math.sin(seed + i * 12.9898) * 43758.5453
    return 2 * (x - Math.floor(x)) - 1
  })
}

/** All variances along principal axes, largest first, by Jacobi rotations of the covariance. */
function variances(rows: Float32Array, dim: number): number[] {
  const count = rows.length / dim
  const mean = Array.from({ length: dim }, (_, j) => {
    let sum = 0
    for (let i = 0; i < count; i++) sum += rows[i * dim + j]
    return sum / count
  })
  const a = Array.from({ length: dim }, (_, p) =>
    Array.from({ length: dim }, (__, q) => {
      let sum = 0
      for (let i = 0; i < count; i++)
        sum += (rows[i * dim + p] - mean[p]) * (rows[i * dim + q] - mean[q])
      return sum
    }),
  )
  for (let sweep = 0; sweep < 12; sweep++) {
    for (let p = 0; p < dim; p++) {
      for (let q = p + 1; q < dim; q++) {
        const angle = 0.5 * Math.atan2(2 * a[p][q], a[q][q] - a[p][p])
        const [c, s] = [Math.cos(angle), Math.sin(angle)]
        for (let k = 0; k < dim; k++)
          [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]]
        for (let k = 0; k < dim; k++)
          [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]]
      }
    }
  }
  return a.map((row, i) => row[i]).toSorted((x, y) => y - x)
}

/** Rows whose spread falls from one dimension to the next, in a rotated frame. */
function spread(count: number, dim: number, fall: number): Float32Array {
  const noise = numbers(count * dim, 7)
  const mix = numbers(dim * dim, 3)
  const rows = new Float32Array(count * dim)
  for (let i = 0; i < count; i++)
    for (let j = 0; j < dim; j++)
      for (let k = 0; k < dim; k++)
        rows[i * dim + j] += noise[i * dim + k] * fall ** k * mix[k * dim + j]
  return rows
}

const length = (axis: Float64Array): number => Math.hypot(...axis)
const product = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, x, i) => sum + x * b[i], 0)

describe('principalPlane', () => {
  for (const [count, dim, fall] of [
    [400, 8, 0.6],
    [500, 16, 0.75],
    [200, 24, 0.85],
  ] as const) {
    test(`shows as much of ${count} x ${dim} as the plane of Jacobi rotations`, () => {
      const rows = spread(count, dim, fall)
      const { axes, shown } = principalPlane(rows, dim)
      const all = variances(rows, dim)
      const total = all.reduce((sum, x) => sum + x, 0)
      assert.ok(Math.abs(length(axes[0]) - 1) < 1e-9 && Math.abs(length(axes[1]) - 1) < 1e-9)
      assert.ok(Math.abs(product(...axes)) < 1e-9)
      // What the plane shows is what counts: near ties between axes it may be turned.
      const best = (all[0] + all[1]) / total
      assert.ok(shown[0] + shown[1] > best * 0.999, `${shown[0] + shown[1]} of ${best}`)
      assert.ok(shown[0] + shown[1] < best * 1.0001)
    })
  }

  test('gives the same plane again, with the largest component of an axis positive', () => {
    const rows = spread(200, 6, 0.5)
    const first = principalPlane(rows, 6)
    assert.deepEqual(principalPlane(rows, 6), first)
    for (const axis of first.axes) {
      const largest = axis.toSorted((a, b) => Math.abs(b) - Math.abs(a))[0]
      assert.ok(largest > 0)
    }
  })

  test('rows that are all alike, one row, one dimension, and no rows give numbers', () => {
    for (const [rows, dim] of [
      [new Float32Array(30).fill(2), 3],
      [Float32Array.of(1, 2), 2],
      [Float32Array.of(1, 5, 9), 1],
      [new Float32Array(0), 4],
    ] as const) {
      const { axes, shown, mean } = principalPlane(rows, dim)
      assert.equal(mean.length, dim)
      assert.ok(axes.every(axis => axis.length === dim && axis.every(x => Number.isFinite(x))))
      assert.ok(shown.every(share => share >= 0 && share <= 1))
    }
  })
})
