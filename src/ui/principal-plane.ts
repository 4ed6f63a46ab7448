import { xorshift } from '../core/xorshift.ts'

/** The plane in which vectors differ the most. */
export interface PrincipalPlane {
  readonly mean: Float64Array
  /** Two orthogonal directions of length 1. */
  readonly axes: readonly [Float64Array, Float64Array]
  /** The share of the variance along each. */
  readonly shown: readonly [number, number]
}

/** More directions than are wanted: the plane lies in what they span long before two of them alone span it. */
const DIRECTIONS = 8
const ROUNDS = 14
const SWEEPS = 12

/**
 * The first two principal axes of the rows of a matrix, by subspace iteration. The same rows give the same plane:
 * nothing is random, and the largest component of an axis is positive.
 */
export function principalPlane(rows: Float32Array, dim: number): PrincipalPlane {
  const count = rows.length / dim
  const mean = new Float64Array(dim)
  for (let i = 0; i < rows.length; i++) mean[i % dim] += rows[i]
  for (let j = 0; j < dim; j++) mean[j] /= count
  const centred = new Float32Array(rows.length)
  let total = 0
  for (let i = 0; i < rows.length; i++) {
    const value = rows[i] - mean[i % dim]
    centred[i] = value
    total += value * value
  }
  let spanned = orthonormal(beginnings(dim))
  let images = spanned
  for (let round = 0; round < ROUNDS; round++) {
    images = timesCovariance(centred, dim, spanned)
    if (round < ROUNDS - 1) spanned = orthonormal(images)
  }
  // The covariance as seen within what is spanned, and its principal axes there.
  const within = spanned.map(a => images.map(b => product(a, b)))
  const [first, second] = principalAxes(within)
  const axisOf = (found: WithinAxis | undefined): Float64Array =>
    upright(
      Float64Array.from({ length: dim }, (_, j) =>
        spanned.reduce((sum, a, i) => sum + a[j] * (found?.axis[i] ?? 0), 0),
      ),
    )
  const share = (found: WithinAxis | undefined): number =>
    total > 0 ? Math.max(0, found?.variance ?? 0) / total : 0
  return { mean, axes: [axisOf(first), axisOf(second)], shown: [share(first), share(second)] }
}

interface WithinAxis {
  readonly variance: number
  readonly axis: readonly number[]
}

/** The principal axes of a small symmetric matrix by Jacobi rotations, the strongest first. */
function principalAxes(given: readonly (readonly number[])[]): WithinAxis[] {
  const size = given.length
  const matrix = given.map(row => [...row])
  const axes = given.map((_, i) => given.map((__, j) => (i === j ? 1 : 0)))
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        const angle = 0.5 * Math.atan2(2 * matrix[p][q], matrix[q][q] - matrix[p][p])
        for (const rows of [matrix, axes]) for (const row of rows) rotate(row, p, q, angle)
        for (let k = 0; k < size; k++) {
          const pair = [matrix[p][k], matrix[q][k]]
          rotate(pair, 0, 1, angle)
          ;[matrix[p][k], matrix[q][k]] = pair
        }
      }
    }
  }
  return matrix
    .map((row, i) => ({ variance: row[i], axis: axes.map(each => each[i]) }))
    .toSorted((a, b) => b.variance - a.variance)
}

function rotate(row: number[], p: number, q: number, angle: number): void {
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)]
  const before = row[p]
  row[p] = cosine * before - sine * row[q]
  row[q] = sine * before + cosine * row[q]
}

/** Directions without a pattern, so that none is orthogonal to what is looked for. */
function beginnings(dim: number): Float64Array[] {
  let state = 0x2545f491
  const next = (): number => (state = xorshift(state)) / 2 ** 31
  return Array.from({ length: Math.min(DIRECTIONS, dim) }, () =>
    Float64Array.from({ length: dim }, next),
  )
}

/** The product of the covariance, times the number of rows, with each vector. */
function timesCovariance(
  rows: Float32Array,
  dim: number,
  vectors: readonly Float64Array[],
): Float64Array[] {
  const images = vectors.map(() => new Float64Array(dim))
  for (let at = 0; at < rows.length; at += dim) {
    for (const [v, vector] of vectors.entries()) {
      let along = 0
      for (let j = 0; j < dim; j++) along += rows[at + j] * vector[j]
      const image = images[v]
      for (let j = 0; j < dim; j++) image[j] += along * rows[at + j]
    }
  }
  return images
}

/** Makes vectors orthogonal to those before them, and of length 1. What is left of a dependent one is zero. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const done: Float64Array[] = []
  for (const vector of vectors) {
    const before = lengthOf(vector)
    for (const other of done) {
      const along = product(vector, other)
      for (let j = 0; j < vector.length; j++) vector[j] -= along * other[j]
    }
    const length = lengthOf(vector)
    const scale = length > before * 1e-12 ? 1 / length : 0
    done.push(vector.map(value => value * scale))
  }
  return done
}

function product(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

function lengthOf(vector: Float64Array): number {
  return Math.sqrt(product(vector, vector))
}

function upright(axis: Float64Array): Float64Array {
  const largest = axis.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0)
  return largest < 0 ? axis.map(value => -value) : axis
}
