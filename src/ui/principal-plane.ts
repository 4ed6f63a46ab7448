/** The plane in which vectors differ the most. */
export interface PrincipalPlane {
  readonly mean: Float64Array
  /** Two orthogonal directions of length 1. */
  readonly axes: readonly [Float64Array, Float64Array]
  /** The share of the variance along each. */
  readonly shown: readonly [number, number]
}

/** Two more directions than are wanted: the wanted ones converge faster. */
const DIRECTIONS = 4
const ROUNDS = 24

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
  let axes = orthonormal(beginnings(dim))
  let strengths = axes.map(() => 0)
  for (let round = 0; round < ROUNDS; round++) {
    const images = timesCovariance(centred, dim, axes)
    strengths = images.map(lengthOf)
    axes = orthonormal(images)
  }
  const [first, second = new Float64Array(dim)] = axes
  const share = (i: number): number => (total > 0 ? (strengths[i] ?? 0) / total : 0)
  return { mean, axes: [upright(first), upright(second)], shown: [share(0), share(1)] }
}

/** Directions without a pattern, so that none is orthogonal to what is looked for. */
function beginnings(dim: number): Float64Array[] {
  let state = 0x9e3779b9
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 0x1_0000_0000 - 0.5
  }
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
      let product = 0
      for (let j = 0; j < dim; j++) product += rows[at + j] * vector[j]
      const image = images[v]
      for (let j = 0; j < dim; j++) image[j] += product * rows[at + j]
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
      let product = 0
      for (let j = 0; j < vector.length; j++) product += vector[j] * other[j]
      for (let j = 0; j < vector.length; j++) vector[j] -= product * other[j]
    }
    const length = lengthOf(vector)
    const scale = length > before * 1e-12 ? 1 / length : 0
    done.push(vector.map(value => value * scale))
  }
  return done
}

function lengthOf(vector: Float64Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
}

function upright(axis: Float64Array): Float64Array {
  const largest = axis.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0)
  return largest < 0 ? axis.map(value => -value) : axis
}
