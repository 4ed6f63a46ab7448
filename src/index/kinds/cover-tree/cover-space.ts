import { unknownMetric } from '../../../core/metric.ts'
import type { CoverMetric } from './cover-options.ts'

// Just under and just over 1: they cover the rounding of the few operations they stand beside (docs/cover-tree.md).
const DOWN = 1 - 2 ** -50
const UP = 1 + 2 ** -50

/**
 * The metric space the tree lives in, and how far its arithmetic can be off. Everything is kept as a **square**:
 * |a - b|^2 for euclidean and 2 - 2 cos(a, b), the square of the chord, for cosine. A computed square s, the square of the
 * real distance, and the square that the exact similarity stands for differ pairwise by at most
 * `relative * s + absolute`; docs/cover-tree.md has the proof.
 */
export class CoverSpace {
  readonly metric: CoverMetric
  readonly dim: number
  /** Squares are those of chords between directions; otherwise of Euclidean distances. */
  readonly chords: boolean
  readonly relative: number
  readonly absolute: number

  constructor(metric: CoverMetric, dim: number) {
    this.metric = metric
    this.dim = dim
    switch (metric) {
      case 'cosine':
        this.chords = true
        this.relative = 2 ** -50
        this.absolute = (4 * dim + 32) * 2 ** -52
        break
      case 'euclidean':
        this.chords = false
        this.relative = (dim + 16) * 2 ** -52
        this.absolute = 0
        break
      default:
        unknownMetric(metric)
    }
  }

  /** No real distance of square `s` is smaller. */
  atLeast(s: number): number {
    return Math.sqrt(Math.max(0, s - s * this.relative - this.absolute)) * DOWN
  }

  /** No real distance of square `s` is larger. */
  atMost(s: number): number {
    return Math.sqrt(s + s * this.relative + this.absolute) * UP
  }

  /** A row whose square is above this is less similar than every row whose square is at most `s`. */
  after(s: number): number {
    return s * (1 + 5 * this.relative) + 5 * this.absolute
  }

  /** A row whose square is below this is more similar than every row whose square is at least `s`. */
  before(s: number): number {
    return s * (1 - 5 * this.relative) - 5 * this.absolute
  }

  /** The square a similarity stands for; negative where no row reaches the similarity. */
  squareOf(similarity: number): number {
    if (this.chords) return 2 - 2 * similarity
    return similarity > 0 ? -1 : similarity * similarity
  }

  /** No exact similarity of a row of square `s` is higher. */
  similarityAtMost(s: number): number {
    if (this.chords) return 1 - s / 2 + this.absolute
    return -Math.sqrt(Math.max(0, s - 3 * s * this.relative))
  }
}

/** Sum of (a - b)^2 over `dim` numbers. Four sums, so that they do not wait for one another. */
export function squaredDistance(
  x: Float32Array,
  xAt: number,
  y: Float32Array,
  yAt: number,
  dim: number,
): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  const quads = xAt + (dim & ~3)
  const end = xAt + dim
  let a = xAt
  let b = yAt
  for (; a < quads; a += 4, b += 4) {
    const d0 = x[a] - y[b]
    const d1 = x[a + 1] - y[b + 1]
    const d2 = x[a + 2] - y[b + 2]
    const d3 = x[a + 3] - y[b + 3]
    s0 += d0 * d0
    s1 += d1 * d1
    s2 += d2 * d2
    s3 += d3 * d3
  }
  for (; a < end; a++, b++) {
    const d = x[a] - y[b]
    s0 += d * d
  }
  return s0 + s1 + (s2 + s3)
}

/** Sum of a * b over `dim` numbers. */
export function dotProduct(
  x: Float32Array,
  xAt: number,
  y: Float32Array,
  yAt: number,
  dim: number,
): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  const quads = xAt + (dim & ~3)
  const end = xAt + dim
  let a = xAt
  let b = yAt
  for (; a < quads; a += 4, b += 4) {
    s0 += x[a] * y[b]
    s1 += x[a + 1] * y[b + 1]
    s2 += x[a + 2] * y[b + 2]
    s3 += x[a + 3] * y[b + 3]
  }
  for (; a < end; a++, b++) s0 += x[a] * y[b]
  return s0 + s1 + (s2 + s3)
}

/** Square of the chord between the directions of two vectors, from their dot product and the inverses of their lengths. */
export function squaredChord(dot: number, inverseX: number, inverseY: number): number {
  return Math.max(0, 2 - 2 * (dot * inverseX * inverseY))
}
