import { Centroids } from './centroids.ts'
import type { ClusterSpace } from './cluster-space.ts'

/** The first steps see a part of the sample: they only have to bring the centroids near their places. */
const COARSE = 4
const COARSE_STEPS = 5
const STEPS = 2

/**
 * Lloyd's k-means over a sample, row-major, drawn evenly from rows in any order. Where rows are compared by direction they
 * have to be 1 long. A cluster without rows gets the row that is farthest from its centroid.
 */
export function kMeans(
  space: ClusterSpace,
  sample: Float32Array,
  dim: number,
  count: number,
): Centroids {
  const centroids = new Centroids(space, dim, count)
  const { values } = centroids
  const rows = sample.length / dim
  for (let i = 0; i < count; i++) {
    const row = Math.floor((i * rows) / count)
    values.set(sample.subarray(row * dim, (row + 1) * dim), i * dim)
  }
  centroids.changed()
  const part = everyFourth(sample, dim)
  for (let i = 0; i < COARSE_STEPS; i++) step(centroids, part)
  for (let i = 1; i < STEPS; i++) step(centroids, sample)
  measure(centroids, sample, step(centroids, sample))
  return centroids
}

function everyFourth(sample: Float32Array, dim: number): Float32Array {
  const rows = Math.floor(sample.length / dim / COARSE)
  const part = new Float32Array(rows * dim)
  for (let row = 0; row < rows; row++) {
    const from = row * COARSE * dim
    part.set(sample.subarray(from, from + dim), row * dim)
  }
  return part
}

/** Each centroid becomes the mean of the rows that were nearest to it; which those were. */
function step(centroids: Centroids, sample: Float32Array): Uint32Array {
  const rows = sample.length / centroids.dim
  const nearest = new Uint32Array(rows)
  const dots = new Float64Array(rows)
  centroids.assign(sample, rows, nearest, dots)
  move(centroids, sample, nearest, dots)
  return nearest
}

function move(
  centroids: Centroids,
  sample: Float32Array,
  nearest: Uint32Array,
  dots: Float64Array,
): void {
  const { count, dim, values } = centroids
  const sums = new Float64Array(count * dim)
  const sizes = new Uint32Array(count)
  for (const [row, cluster] of nearest.entries()) {
    sizes[cluster]++
    const from = row * dim
    const to = cluster * dim
    for (let j = 0; j < dim; j++) sums[to + j] += sample[from + j]
  }
  const farthest = sizes.includes(0) ? farthestFirst(dots) : []
  for (let i = 0; i < count; i++) {
    if (sizes[i] > 0) {
      for (let j = 0; j < dim; j++) values[i * dim + j] = sums[i * dim + j] / sizes[i]
    } else {
      const row = farthest.pop() ?? 0
      values.set(sample.subarray(row * dim, (row + 1) * dim), i * dim)
    }
  }
  centroids.changed()
}

/** Rows by dot product with their centroid, the smallest last. */
function farthestFirst(dots: Float64Array): number[] {
  return [...dots.keys()].toSorted((a, b) => dots[b] - dots[a])
}

/** What the centroids leave unsaid of their rows. One that has none takes the average. */
function measure(centroids: Centroids, sample: Float32Array, nearest: Uint32Array): void {
  const { count, dim, shrink, space, spread, values } = centroids
  const sizes = new Uint32Array(count)
  let all = 0
  for (const [row, cluster] of nearest.entries()) {
    let along = 0
    let square = 0
    let apart = 0
    for (let j = 0; j < dim; j++) {
      const number = sample[row * dim + j]
      const centre = values[cluster * dim + j]
      along += number * centre
      square += number * number
      apart += (number - centre) ** 2
    }
    // A direction is told apart along the centroid and across it; other rows are told apart from it.
    const rest = space.spherical ? Math.max(0, square - along * along) : apart
    sizes[cluster]++
    spread[cluster] += rest
    shrink[cluster] += along
    all += rest
  }
  for (let i = 0; i < count; i++) {
    const size = sizes[i]
    spread[i] = Math.sqrt(size > 0 ? spread[i] / size : all / nearest.length)
    shrink[i] = size > 0 ? shrink[i] / size : 1
  }
}
