import { xorshift } from '../core/xorshift.ts'

/** The nearest others of each point: `k` of them, nearest first, and how far they are. */
export interface NeighborGraph {
  readonly k: number
  readonly neighbors: Uint32Array
  readonly distances: Float32Array
}

/**
 * The curve of closeness on the map, 1 / (1 + A distance^(2 B)), for points that may come as near as 0.1. The best exponent is
 * 0.895; this one, which fits nearly as well, needs square roots alone, which take a fifth of the time of a power.
 */
const A = 1.581
const B = 7 / 8
const EPOCHS = 300
const STEEPEST = 4
/** Points that are pushed away for each that is pulled near. */
const PUSHED = 5
const BISECTIONS = 40
/** Where the points are at first: this far from the middle. */
const EXTENT = 10

/**
 * Lays points out on a plane so that near ones stay near (McInnes, Healy, Melville, UMAP, 2018). It begins with a given
 * layout, as a rule the principal plane, which keeps the large distances meaningful. The same points and seed give the
 * same layout.
 *
 *     const umap = new Umap(graph, plane, 7)
 *     while (umap.step()) show(umap.done)
 *     umap.points
 */
export class Umap {
  /** x and y of each point, one after the other. */
  readonly points: Float32Array
  readonly #from: Uint32Array
  readonly #to: Uint32Array
  /** How many epochs there are from one turn of an edge to the next, and when the next is. */
  readonly #every: Float32Array
  readonly #next: Float32Array
  #epoch = 0
  #random: number

  constructor(graph: NeighborGraph, start: Float32Array, seed: number) {
    this.#random = seed | 1
    const { from, to, weights } = edgesOf(graph)
    this.#from = from
    this.#to = to
    const heaviest = weights.reduce((most, weight) => Math.max(most, weight), 0)
    this.#every = weights.map(weight => heaviest / weight)
    this.#next = this.#every.slice()
    this.points = this.#spread(start)
  }

  /** The part that is done, from 0 to 1. */
  get done(): number {
    return this.#epoch / EPOCHS
  }

  /** Moves the points once. False when there is nothing left to do. */
  step(): boolean {
    if (this.#epoch === EPOCHS) return false
    const pace = 1 - this.#epoch / EPOCHS
    this.#epoch++
    const { points } = this
    const count = points.length / 2
    for (let edge = 0; edge < this.#next.length; edge++) {
      if (this.#next[edge] > this.#epoch) continue
      this.#next[edge] += this.#every[edge]
      const point = this.#from[edge]
      const other = this.#to[edge]
      pull(points, point, points, other, pace)
      pull(points, other, points, point, pace)
      for (let i = 0; i < PUSHED; i++) {
        const stranger = this.#below(count)
        if (stranger !== point) push(points, point, points, stranger, pace)
      }
    }
    return this.#epoch < EPOCHS
  }

  /** The start, made to fill the plane, and with equal points apart. */
  #spread(start: Float32Array): Float32Array {
    const centre = [0, 0]
    for (let i = 0; i < start.length; i++) centre[i % 2] += (2 * start[i]) / start.length
    let farthest = Number.MIN_VALUE
    for (let i = 0; i < start.length; i++)
      farthest = Math.max(farthest, Math.abs(start[i] - centre[i % 2]))
    return start.map(
      (value, i) => ((value - centre[i % 2]) / farthest) * EXTENT + this.#below(1000) / 1e5,
    )
  }

  /** An integer from 0 up to a limit. */
  #below(limit: number): number {
    this.#random = xorshift(this.#random)
    return (this.#random >>> 0) % limit
  }
}

/** `square` to the power of B. */
function powerB(square: number): number {
  return square === 0 ? 0 : square / Math.sqrt(Math.sqrt(Math.sqrt(square)))
}

type Places = Float32Array | number[]

/** Moves point i of some places towards point j of others. */
function pull(places: Places, i: number, others: Places, j: number, pace: number): void {
  const dx = places[2 * i] - others[2 * j]
  const dy = places[2 * i + 1] - others[2 * j + 1]
  const square = dx * dx + dy * dy
  if (square === 0) return
  const power = powerB(square)
  const force = (-2 * A * B * power) / (square * (1 + A * power))
  places[2 * i] += pace * limited(force * dx)
  places[2 * i + 1] += pace * limited(force * dy)
}

/** Moves point i of some places away from point j of others. */
function push(places: Places, i: number, others: Places, j: number, pace: number): void {
  const dx = places[2 * i] - others[2 * j]
  const dy = places[2 * i + 1] - others[2 * j + 1]
  const square = dx * dx + dy * dy
  const force = (2 * B) / ((0.001 + square) * (1 + A * powerB(square)))
  places[2 * i] += pace * (square > 0 ? limited(force * dx) : STEEPEST)
  places[2 * i + 1] += pace * (square > 0 ? limited(force * dy) : STEEPEST)
}

function limited(force: number): number {
  return Math.max(-STEEPEST, Math.min(STEEPEST, force))
}

/** The edges between neighbours, in both directions, by how much either point counts the other as near. */
function edgesOf(graph: NeighborGraph): {
  readonly from: Uint32Array
  readonly to: Uint32Array
  readonly weights: Float32Array
} {
  const { k, neighbors } = graph
  const near = nearness(graph)
  const from: number[] = []
  const to: number[] = []
  const weights: number[] = []
  const add = (i: number, j: number, weight: number): void => {
    from.push(i, j)
    to.push(j, i)
    weights.push(weight, weight)
  }
  for (let at = 0; at < neighbors.length; at++) {
    const [i, j] = [Math.floor(at / k), neighbors[at]]
    const back = neighbors.subarray(j * k, (j + 1) * k).indexOf(i)
    const other = back < 0 ? 0 : near[j * k + back]
    // Edges that both have are added by the first.
    if (back >= 0 && j < i) continue
    const weight = near[at] + other - near[at] * other
    if (weight > 1 / EPOCHS) add(i, j, weight)
  }
  return {
    from: Uint32Array.from(from),
    to: Uint32Array.from(to),
    weights: Float32Array.from(weights),
  }
}

/**
 * How near each point counts its neighbours, from 0 to 1: the nearest 1, and all together the logarithm of their number, in
 * dense and in thin regions alike.
 */
function nearness({ k, distances }: NeighborGraph): Float32Array {
  const near = new Float32Array(distances.length)
  const wanted = Math.log2(k)
  for (let first = 0; first < distances.length; first += k) {
    const own = distances.subarray(first, first + k)
    const least = own.find(distance => distance > 0) ?? 0
    const sum = (scale: number): number =>
      own.reduce((total, each) => total + Math.exp(-Math.max(0, each - least) / scale), 0)
    let [low, high, scale] = [0, Infinity, 1]
    for (let i = 0; i < BISECTIONS; i++) {
      if (sum(scale) > wanted) high = scale
      else low = scale
      scale = high === Infinity ? scale * 2 : (low + high) / 2
    }
    for (let i = 0; i < own.length; i++)
      near[first + i] = Math.exp(-Math.max(0, own[i] - least) / Math.max(scale, 1e-12))
  }
  return near
}

/** Rounds in which a point that is placed finds its place, and how far it may go in the first. */
const PLACING_ROUNDS = 30
const PLACING_PACE = 0.5

/**
 * The place of a point that is not laid out itself, among its neighbours that are. It begins between them, and then they pull
 * and others push as in the layout, which stays as it is. `neighbors` are the nearest first.
 */
export function placeAmong(
  layout: Float32Array,
  neighbors: Uint32Array,
  distances: Float32Array,
  seed: number,
): readonly [number, number] {
  const least = distances[0] + 1e-9
  const weights = distances.map(each => least / (each + 1e-9))
  const count = layout.length / 2
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1
  const place = [0, 0]
  let total = 0
  for (const [i, neighbor] of neighbors.entries()) {
    total += weights[i]
    place[0] += weights[i] * layout[2 * neighbor]
    place[1] += weights[i] * layout[2 * neighbor + 1]
  }
  place[0] /= total
  place[1] /= total
  for (let round = 0; round < PLACING_ROUNDS; round++) {
    const pace = PLACING_PACE * (1 - round / PLACING_ROUNDS)
    for (const [i, neighbor] of neighbors.entries()) {
      pull(place, 0, layout, neighbor, pace * weights[i])
      for (let j = 0; j < PUSHED; j++) {
        state = xorshift(state)
        push(place, 0, layout, (state >>> 0) % count, pace * weights[i])
      }
    }
  }
  return [place[0], place[1]]
}
