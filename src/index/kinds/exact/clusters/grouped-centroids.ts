import type { Arena, Block } from '../../../../accelerators/arena.ts'
import { magnitude } from '../../../../core/similarity.ts'
import { arenaForThreads, batchFor, type Centroids } from './centroids.ts'
import { Comparer } from './comparer.ts'
import type { Comparison } from './comparison.ts'
import { kMeans } from './k-means.ts'

/**
 * Groups, and centroids that a row of a group is compared with, for the square root of the number of centroids. On words and
 * on sentences, the nearest of all is among them for 97 rows of 100.
 */
const GROUPS = 3
const COMPARED = 9
/** Bytes of these centroids, in all groups. */
const MOST_BYTES = 1 << 26

/** Finds a near centroid, as a rule the nearest, of each of many vectors. */
export interface Assigner {
  /** Vectors that are assigned in a few milliseconds. */
  readonly batch: number
  assign(vectors: Float32Array, rows: number, to: Uint32Array): void
}

/** What assigns many rows: groups of centroids, if these are so many that it pays. */
export function* assignerOf(centroids: Centroids): Generator<void, Assigner> {
  const { count, dim, space, values } = centroids
  const root = Math.sqrt(count)
  const compared = Math.ceil(COMPARED * root)
  const most = Math.floor(MOST_BYTES / (compared * dim * 4))
  const groups = Math.max(1, Math.min(most, Math.ceil(GROUPS * root)))
  if (compared + groups > 0.8 * count) return centroids
  const sample = { rows: values.slice(), count }
  const found = yield* kMeans(space, sample, dim, groups)
  return yield* GroupedCentroids.of(centroids, found, compared)
}

/**
 * Centroids in groups of near ones. Vectors of one group are compared with the centroids that are nearest to the centre of the
 * group, many at once.
 */
class GroupedCentroids implements Assigner {
  readonly batch: number
  readonly #groups: Centroids
  readonly #compared: number
  readonly #dim: number
  readonly #arena: Arena = arenaForThreads()
  /** The centroids that each group is compared with: their numbers, and what is taken off their dot products. */
  readonly #members: Uint32Array
  readonly #offsets: Block
  readonly #centroids: Block
  readonly #rows: Block
  readonly #comparer: Comparer

  private constructor(dim: number, groups: Centroids, compared: number) {
    this.#groups = groups
    this.#compared = compared
    this.#dim = dim
    this.batch = batchFor((compared + groups.count) * dim)
    this.#members = new Uint32Array(groups.count * compared)
    this.#offsets = this.#arena.allocate(groups.count * compared * 8)
    this.#centroids = this.#arena.allocate(groups.count * compared * dim * 4)
    this.#rows = this.#arena.allocate(this.batch * dim * 4)
    this.#comparer = new Comparer(this.#arena, dim, this.batch, compared)
  }

  static *of(
    { count, dim, space, values }: Centroids,
    groups: Centroids,
    compared: number,
  ): Generator<void, GroupedCentroids> {
    const grouped = new GroupedCentroids(dim, groups, compared)
    const offsets = Float64Array.from({ length: count }, (_, i) =>
      space.spherical ? 0 : magnitude(values.subarray(i * dim, (i + 1) * dim)) ** 2 / 2,
    )
    const groupOf = new Uint32Array(count)
    groups.assign(values, count, groupOf)
    for (let group = 0; group < groups.count; group++) {
      const centre = groups.values.subarray(group * dim, (group + 1) * dim)
      const nearest = nearestFirst(centre, values, offsets)
      // Long centroids are far from the mean of their group. Without them, no row would ever be assigned to them.
      const own = nearest.filter(centroid => groupOf[centroid] === group)
      const others = nearest.filter(centroid => groupOf[centroid] !== group)
      grouped.#take(group, [...own, ...others], values, offsets)
      yield
    }
    return grouped
  }

  /** The centroids that a group is compared with are the first of these. */
  #take(
    group: number,
    nearest: readonly number[],
    values: Float32Array,
    offsets: Float64Array,
  ): void {
    const dim = this.#dim
    const { f32, f64 } = this.#arena
    for (let i = 0, at = group * this.#compared; i < this.#compared; i++, at++) {
      const member = nearest[i]
      this.#members[at] = member
      f64[this.#offsets.address / 8 + at] = offsets[member]
      const from = values.subarray(member * dim, (member + 1) * dim)
      f32.set(from, this.#centroids.address / 4 + at * dim)
    }
  }

  assign(vectors: Float32Array, rows: number, to: Uint32Array): void {
    const dim = this.#dim
    for (let first = 0; first < rows; first += this.batch) {
      const end = Math.min(rows, first + this.batch)
      this.#assign(vectors.subarray(first * dim, end * dim), end - first, to.subarray(first, end))
    }
  }

  #assign(vectors: Float32Array, rows: number, to: Uint32Array): void {
    const groupOf = new Uint32Array(rows)
    this.#groups.assign(vectors, rows, groupOf)
    const order = byGroup(groupOf, this.#groups.count)
    const dim = this.#dim
    const { f32 } = this.#arena
    const staged = this.#rows.address / 4
    for (const [i, row] of order.entries()) {
      f32.set(vectors.subarray(row * dim, (row + 1) * dim), staged + i * dim)
    }
    const { nearest } = this.#comparer.run(this.#comparisons(groupOf, order))
    for (const [i, row] of order.entries()) {
      to[row] = this.#members[groupOf[row] * this.#compared + nearest[i]]
    }
  }

  /** Staged rows of each group. */
  #comparisons(groupOf: Uint32Array, order: Uint32Array): Comparison[] {
    const count = this.#compared
    const bytes = this.#dim * 4
    const comparisons: Comparison[] = []
    for (let first = 0, end = 0; first < order.length; first = end) {
      const group = groupOf[order[first]]
      while (end < order.length && groupOf[order[end]] === group) end++
      const at = group * count
      comparisons.push({
        vectors: this.#rows.address + first * bytes,
        centroids: this.#centroids.address + at * bytes,
        offsets: this.#offsets.address + at * 8,
        rows: end - first,
        count,
      })
    }
    return comparisons
  }
}

/** The numbers of rows, those of the first group first. */
function byGroup(groupOf: Uint32Array, groups: number): Uint32Array {
  const next = new Uint32Array(groups + 1)
  for (const group of groupOf) next[group + 1]++
  for (let group = 1; group < groups; group++) next[group] += next[group - 1]
  const order = new Uint32Array(groupOf.length)
  for (let row = 0; row < groupOf.length; row++) order[next[groupOf[row]]++] = row
  return order
}

/** The numbers of all vectors, the nearest to this one first. */
function nearestFirst(
  centre: Float32Array,
  values: Float32Array,
  offsets: Float64Array,
): Uint32Array {
  const dim = centre.length
  const closeness = offsets.map((offset, i) => {
    let dot = 0
    for (let j = 0; j < dim; j++) dot += centre[j] * values[i * dim + j]
    return dot - offset
  })
  return Uint32Array.from(offsets.keys()).toSorted((a, b) => closeness[b] - closeness[a])
}
