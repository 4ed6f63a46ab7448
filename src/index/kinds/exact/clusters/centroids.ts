import { borrowers, scanThreads } from '#shared-scan'
import { Arena } from '../../../../accelerators/arena.ts'
import type { Block } from '../../../../accelerators/arena.ts'
import type { MultiplyRequest } from '../../../../accelerators/kernels.ts'
import { isFiniteVector } from '../../../../core/embedding.ts'
import { magnitude } from '../../../../core/similarity.ts'
import { MAX_STAGED_ROWS } from '../../../vector-index.ts'
import type { ClusterSpace } from './cluster-space.ts'
import { Comparer } from './comparer.ts'

/** Multiplications that take a few milliseconds. */
const MULTIPLICATIONS = 1 << 25

/** The centres of clusters, in an arena of their own, and which of them rows and queries are near. */
export class Centroids {
  readonly count: number
  readonly dim: number
  readonly space: ClusterSpace
  /** Of the present query: higher is nearer. */
  readonly closeness: Float64Array
  /** Root mean square of what the centroid does not say of its rows, and the part of them that it does. */
  readonly spread: Float64Array
  readonly shrink: Float64Array
  readonly #arena: Arena
  readonly #centroids: Block
  readonly #rows: Block
  /** Of a query with all centroids. */
  readonly #products: Block
  /** What is taken off the dot product with each centroid where rows are compared. */
  readonly #offsets: Block
  readonly #squares: Float64Array
  /** Vectors that are assigned in a few milliseconds. */
  readonly batch: number
  readonly #comparer: Comparer
  readonly #ask: MultiplyRequest

  constructor(space: ClusterSpace, dim: number, count: number) {
    this.space = space
    this.dim = dim
    this.count = count
    this.closeness = new Float64Array(count)
    this.spread = new Float64Array(count)
    this.shrink = new Float64Array(count)
    this.#squares = new Float64Array(count)
    this.#arena = arenaForThreads()
    this.batch = batchFor(count * dim)
    const stride = dim * 4
    this.#centroids = this.#arena.allocate(count * stride)
    this.#rows = this.#arena.allocate(this.batch * stride)
    this.#products = this.#arena.allocate(count * 4)
    this.#offsets = this.#arena.allocate(count * 8)
    this.#comparer = new Comparer(this.#arena, dim, this.batch, count)
    // The kernel takes four rows of the first matrix at once: these are the centroids.
    const a = { a: this.#centroids.address, aStride: stride, rows: count }
    const b = { b: this.#rows.address, bStride: stride, columns: 1 }
    this.#ask = { ...a, ...b, dim, out: this.#products.address, outStride: 4 }
  }

  get bytes(): number {
    return this.#arena.bytes
  }

  /** The numbers of all centroids, row-major: a view. */
  get values(): Float32Array {
    const from = this.#centroids.address / 4
    return this.#arena.f32.subarray(from, from + this.count * this.dim)
  }

  /** What `restore` reads: as many bytes as `savedBytes`. */
  save(): Uint8Array {
    const { spread, shrink, values } = this
    const bytes = new Uint8Array(Centroids.savedBytes(this.dim, this.count))
    const numbers = new Float64Array(bytes.buffer, 0, 2 * this.count)
    numbers.set(spread)
    numbers.set(shrink, this.count)
    new Float32Array(bytes.buffer, numbers.byteLength).set(values)
    return bytes
  }

  static savedBytes(dim: number, count: number): number {
    return count * (16 + dim * 4)
  }

  /** Undefined: the bytes hold numbers that no centroid has. */
  static restore(
    bytes: Uint8Array,
    space: ClusterSpace,
    dim: number,
    count: number,
  ): Centroids | undefined {
    const { buffer } = bytes.slice()
    const numbers = new Float64Array(buffer, 0, 2 * count)
    const values = new Float32Array(buffer, numbers.byteLength)
    if (!numbers.every(number => Number.isFinite(number)) || !isFiniteVector(values))
      return undefined
    const centroids = new Centroids(space, dim, count)
    centroids.spread.set(numbers.subarray(0, count))
    centroids.shrink.set(numbers.subarray(count))
    centroids.values.set(values)
    centroids.changed()
    return centroids
  }

  /** The values were written: directions are made 1 long. */
  changed(): void {
    const { count, dim, space, values } = this
    for (let i = 0; i < count; i++) {
      const centroid = values.subarray(i * dim, (i + 1) * dim)
      if (space.spherical) toDirection(centroid)
      this.#squares[i] = magnitude(centroid) ** 2
      this.#arena.f64[this.#offsets.address / 8 + i] = space.spherical ? 0 : this.#squares[i] / 2
    }
  }

  /** The nearest centroid of each of the first `rows` vectors; and, if asked for, their dot product. */
  assign(vectors: Float32Array, rows: number, to: Uint32Array, dots?: Float64Array): void {
    const { count, dim } = this
    const place = {
      vectors: this.#rows.address,
      centroids: this.#centroids.address,
      offsets: this.#offsets.address,
    }
    for (let first = 0; first < rows; first += this.batch) {
      const size = Math.min(this.batch, rows - first)
      this.#arena.f32.set(
        vectors.subarray(first * dim, (first + size) * dim),
        this.#rows.address / 4,
      )
      const found = this.#comparer.run([{ ...place, rows: size, count }])
      to.set(found.nearest.subarray(0, size), first)
      dots?.set(found.dots.subarray(0, size), first)
    }
  }

  /** The dot products of a vector with all centroids, in single precision: a view, gone after the next call. */
  products(vector: ArrayLike<number>): Float32Array {
    this.#arena.f32.set(vector, this.#rows.address / 4)
    this.#arena.kernels.multiply(this.#ask)
    const from = this.#products.address / 4
    return this.#arena.f32.subarray(from, from + this.count)
  }

  /** The length of a centroid. */
  lengthOf(centroid: number): number {
    return Math.sqrt(this.#squares[centroid])
  }

  /** Fills `closeness` for a query of this length. False: it is not known how near the clusters are, as products overflow, or the query has length 0. */
  ask(query: ArrayLike<number>, length: number): boolean {
    const { closeness, count, space } = this
    const squares = this.#squares
    if (space.unitQuery && !(length > 0)) return false
    const products = this.products(query)
    const scale = space.unitQuery ? 1 / length : 1
    let sum = 0
    for (let i = 0; i < count; i++) {
      const near = space.closeness(products[i] * scale, squares[i], length * length)
      closeness[i] = near
      sum += near
    }
    return Number.isFinite(sum)
  }
}

/** An arena whose memory the threads of the pool can share. */
export function arenaForThreads(): Arena {
  return new Arena(undefined, scanThreads() - borrowers())
}

/** Vectors that are compared in a few milliseconds, with so many numbers each. */
export function batchFor(numbers: number): number {
  return Math.max(4, Math.floor(Math.min(MULTIPLICATIONS / numbers, MAX_STAGED_ROWS)))
}

/** A vector of length 0 stays as it is. */
export function toDirection(vector: Float32Array): void {
  const length = magnitude(vector)
  if (length > 0) for (let i = 0; i < vector.length; i++) vector[i] /= length
}
