import { Centroids } from './centroids.ts'
import type { ClusterSpace } from './cluster-space.ts'

/** The first steps see a part of the sample: they only have to bring the centroids near their places. */
const COARSE = 4
const COARSE_STEPS = 5
const STEPS = 2
/** The share of the clusters that move to far rows after each of the first steps but the last, if that is wanted. */
const MOVED = 0.15

/** Vectors, row-major. */
export interface Sample {
  readonly rows: Float32Array
  readonly count: number
}

/**
 * Lloyd's k-means over a sample drawn evenly from rows in any order. Where rows are compared by direction they have to be
 * 1 long. A cluster without rows gets the row that is farthest from its centroid. It pauses every few milliseconds. `moves`: so
 * do the smallest clusters, which share one group of rows, so that each group gets a cluster of its own.
 */
export function* kMeans(
  space: ClusterSpace,
  sample: Sample,
  dim: number,
  count: number,
  moves = false,
): Generator<void, Centroids> {
  const centroids = new Centroids(space, dim, count)
  const { values } = centroids
  for (let i = 0; i < count; i++) {
    const row = Math.floor((i * sample.count) / count)
    values.set(sample.rows.subarray(row * dim, (row + 1) * dim), i * dim)
  }
  centroids.changed()
  const part = everyFourth(sample, dim)
  yield
  for (let i = 0; i < COARSE_STEPS; i++) {
    const isLast = i === COARSE_STEPS - 1
    yield* step(centroids, part, moves && !isLast ? Math.floor(MOVED * count) : 0)
  }
  for (let i = 1; i < STEPS; i++) yield* step(centroids, sample)
  yield* measure(centroids, sample, yield* step(centroids, sample))
  return centroids
}

function everyFourth({ count, rows: from }: Sample, dim: number): Sample {
  const part = Math.floor(count / COARSE)
  const rows = new Float32Array(part * dim)
  for (let row = 0; row < part; row++) {
    const at = row * COARSE * dim
    rows.set(from.subarray(at, at + dim), row * dim)
  }
  return { rows, count: part }
}

/** Each centroid becomes the mean of the rows that were nearest to it; which those were. */
function* step(centroids: Centroids, sample: Sample, moved = 0): Generator<void, Uint32Array> {
  const { batch, count, dim, space, values } = centroids
  const nearest = new Uint32Array(sample.count)
  const closeness = new Float64Array(sample.count)
  const sums = new Float64Array(count * dim)
  const sizes = new Uint32Array(count)
  for (let first = 0; first < sample.count; first += batch) {
    const end = Math.min(sample.count, first + batch)
    const rows = sample.rows.subarray(first * dim, end * dim)
    centroids.assign(rows, end - first, nearest.subarray(first), closeness.subarray(first))
    for (let row = first; row < end; row++) {
      const cluster = nearest[row]
      sizes[cluster]++
      const to = cluster * dim
      let square = 0
      for (let j = 0, at = row * dim; j < dim; j++, at++) {
        sums[to + j] += sample.rows[at]
        square += sample.rows[at] ** 2
      }
      // Minus half of the square of the distance. Of directions, the dot product says as much.
      if (!space.spherical) closeness[row] -= (square + centroids.lengthOf(cluster) ** 2) / 2
    }
    yield
  }
  const farthest = moved > 0 || sizes.includes(0) ? nearestFirst(closeness) : []
  if (moved > 0) for (const cluster of smallest(sizes, moved)) sizes[cluster] = 0
  for (let i = 0; i < count; i++) {
    if (sizes[i] > 0) {
      for (let j = 0; j < dim; j++) values[i * dim + j] = sums[i * dim + j] / sizes[i]
    } else {
      const row = farthest.pop() ?? 0
      values.set(sample.rows.subarray(row * dim, (row + 1) * dim), i * dim)
    }
  }
  centroids.changed()
  return nearest
}

/** Clusters of less than half of the usual size, at most so many. */
function smallest(sizes: Uint32Array, most: number): number[] {
  const half = sizes.reduce((sum, size) => sum + size, 0) / sizes.length / 2
  const small = [...sizes.keys()].filter(cluster => sizes[cluster] < half)
  return small.toSorted((a, b) => sizes[a] - sizes[b]).slice(0, most)
}

/** Rows, the one that is farthest from its centroid last. */
function nearestFirst(closeness: Float64Array): number[] {
  return [...closeness.keys()].toSorted((a, b) => closeness[b] - closeness[a])
}

/** What the centroids leave unsaid of their rows. One that has none takes the average. */
function* measure(centroids: Centroids, sample: Sample, nearest: Uint32Array): Generator<void> {
  const { batch, count, dim, shrink, space, spread, values } = centroids
  const sizes = new Uint32Array(count)
  let all = 0
  for (const [row, cluster] of nearest.entries()) {
    let along = 0
    let square = 0
    let apart = 0
    for (let j = 0; j < dim; j++) {
      const number = sample.rows[row * dim + j]
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
    if (row % (batch * 4) === 0) yield
  }
  for (let i = 0; i < count; i++) {
    const size = sizes[i]
    spread[i] = Math.sqrt(size > 0 ? spread[i] / size : all / nearest.length)
    shrink[i] = size > 0 ? shrink[i] / size : 1
  }
}
