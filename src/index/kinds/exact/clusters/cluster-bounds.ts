import { metricOf, type Metric } from '../../../../core/metric.ts'
import { doubleSlack } from '../rounding.ts'
import type { CodedRows } from '../rows.ts'
import type { Centroids } from './centroids.ts'

/** Directions of the plane for which a cluster knows how far its rows reach: the first half of them points away from the axis. */
const DIRECTIONS = 16
const COSINES = Float64Array.from({ length: DIRECTIONS }, (_, i) =>
  Math.cos((2 * Math.PI * i) / DIRECTIONS),
)
const SINES = Float64Array.from({ length: DIRECTIONS }, (_, i) =>
  Math.sin((2 * Math.PI * i) / DIRECTIONS),
)
const STEP = (2 * Math.PI) / DIRECTIONS
/** Covers numbers that are too small for a float32. */
const TINY = 2 ** -130

/**
 * What the rows of each cluster have in common, so that no row of a cluster is more similar to a query than `upper` of it:
 * docs/exact-index.md, "Clusters that cannot win". A row is seen as a point of a plane, by its parts along and across the
 * axis of its cluster.
 */
export class ClusterBounds {
  /** At least the exact similarity of each row of each cluster with the present query; -Infinity for a cluster without rows. */
  readonly upper: Float64Array
  readonly #centroids: Centroids
  readonly #directional: boolean
  readonly #isDistance: boolean
  /** How far the rows of each cluster reach in each direction. */
  readonly #reach: Float64Array
  /** The greatest length of a decoded row, and the greatest error of one; -1: there is no row. */
  readonly #length: Float64Array
  readonly #error: Float64Array
  /** 1 / the length of each centroid; 0 for one of length 0, whose rows are all across. */
  readonly #inverse: Float64Array
  readonly #slack: number
  /** What computing the place of a row loses of its length. */
  readonly #loss: number
  /** What a dot product in single precision loses of both lengths. */
  readonly #rounding: number

  constructor(centroids: Centroids, metric: Metric) {
    const { count, dim } = centroids
    const { directional, space } = metricOf(metric)
    this.#centroids = centroids
    this.#directional = directional
    this.#isDistance = space !== undefined && !directional
    this.upper = new Float64Array(count)
    this.#reach = new Float64Array(count * DIRECTIONS).fill(-Infinity)
    this.#length = new Float64Array(count).fill(-1)
    this.#error = new Float64Array(count).fill(-1)
    this.#inverse = Float64Array.from({ length: count }, (_, i) => {
      const length = centroids.lengthOf(i)
      return length > 0 ? 1 / length : 0
    })
    this.#slack = doubleSlack(dim)
    this.#loss = 8 * Math.sqrt(this.#slack)
    const roundings = dim + 16
    this.#rounding = (roundings * 2 ** -24) / (1 - roundings * 2 ** -24)
  }

  get bytes(): number {
    return this.#reach.byteLength + 4 * this.upper.byteLength
  }

  /** A row of the cluster, as `CodedRows.decode` tells it, and its error. A row of length 0 under a directional metric is never found. */
  widen(cluster: number, row: Float32Array, error: number): void {
    if (error < 0) return
    const { dim, values } = this.#centroids
    let along = 0
    let square = 0
    for (let i = 0, at = cluster * dim; i < dim; i++, at++) {
      along += row[i] * values[at]
      square += row[i] * row[i]
    }
    along *= this.#inverse[cluster]
    const length = Math.sqrt(square) * (1 + this.#slack)
    const known = Number.isFinite(along) && Number.isFinite(square)
    const across = Math.sqrt(Math.max(0, square - along * along))
    this.#error[cluster] = Math.max(this.#error[cluster], known ? error : Infinity)
    this.#length[cluster] = Math.max(this.#length[cluster], known ? length : 0)
    if (!known) return
    const margin = this.#loss * length + TINY
    const reach = this.#reach
    for (let i = 0, at = cluster * DIRECTIONS; i < DIRECTIONS; i++, at++) {
      const far = COSINES[i] * along + SINES[i] * across + margin
      if (far > reach[at]) reach[at] = far
    }
  }

  /** Computes `upper` for the query that `rows` were given, and whose length this is. False: products overflow. */
  ask({ asked, rowScan }: CodedRows, length: number): boolean {
    const { distanceError, perError, perLength, square } = rowScan.request.bounds
    const centroids = this.#centroids
    const products = centroids.products(asked)
    const unit = this.#directional ? 1 / length : 1
    const own = Math.sqrt(square) * (1 + this.#slack)
    // `perLength` is at least what the codes of the query leave out.
    const rounding = perLength + this.#rounding * (own + perLength)
    const tiny = (centroids.dim + 4) * 2 ** -149 * unit
    const { upper } = this
    let sum = 0
    for (let cluster = 0; cluster < centroids.count; cluster++) {
      const inverse = this.#inverse[cluster]
      const along = products[cluster] * inverse * unit
      sum += along
      const wide = this.#error[cluster]
      if (wide < 0 || wide === Infinity) {
        upper[cluster] = wide < 0 ? -Infinity : Infinity
        continue
      }
      const off = rounding + tiny * (1 + inverse)
      const spread = off * (2 * own + 3 * off)
      const rest = Math.max(0, own * own - along * along)
      if (this.#isDistance) {
        const across = Math.sqrt(rest)
        const wrong = Math.min(Math.sqrt(spread), across > 0 ? spread / across : Infinity)
        const apart = this.#apart(cluster, along, across) - off - wrong
        upper[cluster] = -Math.max(0, apart * (1 - this.#slack) - (wide + distanceError))
      } else {
        const across = Math.sqrt(rest + spread)
        const most = this.#most(cluster, along, across) + off * this.#length[cluster]
        upper[cluster] = most + perError * wide + perLength * this.#length[cluster]
      }
    }
    return Number.isFinite(sum)
  }

  /** The greatest dot product of a point with one of the rows. Between two directions, both parts add up. */
  #most(cluster: number, along: number, across: number): number {
    const step = Math.min(DIRECTIONS / 2 - 1, Math.floor(Math.atan2(across, along) / STEP))
    const at = cluster * DIRECTIONS + step
    const size = SINES[1]
    const first = (along * SINES[step + 1] - across * COSINES[step + 1]) / size
    const second = (across * COSINES[step] - along * SINES[step]) / size
    return first * this.#reach[at] + second * this.#reach[at + 1]
  }

  /** At most the distance of a point from one of the rows: how far beyond their reach it is, in any direction. */
  #apart(cluster: number, along: number, across: number): number {
    let most = 0
    for (let i = 0, at = cluster * DIRECTIONS; i < DIRECTIONS; i++, at++) {
      const beyond = COSINES[i] * along + SINES[i] * across - this.#reach[at]
      if (beyond > most) most = beyond
    }
    return most
  }
}
