import type { PointMap } from '../contract.ts'
import type { Dataset } from '../dataset.ts'
import { principalPlane } from '../principal-plane.ts'

/** The plane is found from some rows: at most so many, of so many numbers in all. */
const MOST_ROWS = 4096
const MOST_NUMBERS = 4_000_000

/** The map of a dataset: its vectors, projected onto the plane in which they differ the most. */
export function pointMap(dataset: Dataset): PointMap {
  const began = performance.now()
  const { dim } = dataset
  const candidates = dim === 0 ? [] : dataset.rowids
  const sample = Math.min(candidates.length, MOST_ROWS, Math.ceil(MOST_NUMBERS / Math.max(1, dim)))
  const step = candidates.length / Math.max(1, sample)
  const sampled = Array.from({ length: sample }, (_, i) => candidates[Math.floor(i * step)])
  const matrix = new Float32Array(sample * dim)
  let used = 0
  dataset.someVectors(sampled, dim, vector => {
    if (dataset.prepare(vector)) matrix.set(vector, used++ * dim)
  })
  const { mean, axes, shown } = principalPlane(matrix.subarray(0, used * dim), dim)
  const [first, second] = axes
  const rows = new Float64Array(candidates.length)
  const points = new Float32Array(rows.length * 2)
  let count = 0
  if (dim > 0) {
    dataset.eachVector(dim, (row, vector) => {
      let x = 0
      let y = 0
      if (dataset.prepare(vector)) {
        for (let j = 0; j < dim; j++) {
          const value = vector[j] - mean[j]
          x += value * first[j]
          y += value * second[j]
        }
      }
      rows[count] = row
      points[2 * count] = x
      points[2 * count + 1] = y
      count++
    })
  }
  return {
    rows: rows.slice(0, count),
    points: points.slice(0, 2 * count),
    shown,
    dim,
    milliseconds: performance.now() - began,
  }
}
