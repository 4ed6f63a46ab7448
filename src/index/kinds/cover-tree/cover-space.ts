import { metricOf, type Metric } from '../../../core/metric.ts'
import type { MetricDefinition, MetricSpace } from '../../../core/metrics/definition.ts'

// Just below and just above 1: they cover the rounding of the few operations beside them (docs/cover-tree.md).
const DOWN = 1 - 2 ** -50
const UP = 1 + 2 ** -50

/**
 * The metric space of a tree, with bounds for the error of its arithmetic. Distances are compared by **keys**, which
 * grow with them and are cheaper: squares. A computed key s, the key of the real distance, and the key for the exact
 * similarity differ pairwise by at most `relative * s + absolute`; docs/cover-tree.md has the proof.
 */
export abstract class CoverSpace {
  readonly metric: MetricDefinition
  readonly dim: number
  /**
   * Whether keys are those of chords between directions. They need the inverse lengths of rows, and are undefined for
   * rows of length 0.
   */
  readonly chords: boolean = false
  abstract readonly relative: number
  abstract readonly absolute: number

  constructor(metric: Metric, dim: number) {
    this.metric = metricOf(metric)
    this.dim = dim
  }

  /** The key between `dim` numbers from `xAt` and from `yAt` on; with chords, their dot product. */
  abstract measure(x: Float32Array, xAt: number, y: Float32Array, yAt: number): number

  /** A lower bound of the real distances with key `s`. */
  abstract atLeast(s: number): number
  /** An upper bound of the real distances with key `s`. */
  abstract atMost(s: number): number
  /** Converts a distance to its key, and back, except for rounding. */
  abstract keyOfDistance(distance: number): number
  abstract distanceOfKey(s: number): number
  /** The key for a similarity; negative if no row can reach the similarity. */
  abstract keyOf(similarity: number): number
  /** An upper bound of the exact similarity of a row with key `s`. */
  abstract similarityAtMost(s: number): number

  /** A row whose key is above the result is less similar than every row whose key is at most `s`. */
  after(s: number): number {
    return s * (1 + 5 * this.relative) + 5 * this.absolute
  }

  /** A row whose key is below the result is more similar than every row whose key is at least `s`. */
  before(s: number): number {
    return s * (1 - 5 * this.relative) - 5 * this.absolute
  }
}

/** Keys are squares of distances. */
abstract class SquareSpace extends CoverSpace {
  atLeast(s: number): number {
    return Math.sqrt(Math.max(0, s - s * this.relative - this.absolute)) * DOWN
  }

  atMost(s: number): number {
    return Math.sqrt(s + s * this.relative + this.absolute) * UP
  }

  keyOfDistance(distance: number): number {
    return distance * distance
  }

  distanceOfKey(s: number): number {
    return Math.sqrt(Math.max(0, s))
  }
}

/** Chords between directions: squares 2 - 2 cos(a, b). */
class ChordSpace extends SquareSpace {
  override readonly chords = true
  readonly relative: number = 2 ** -50
  readonly absolute: number = (4 * this.dim + 32) * 2 ** -52

  measure(x: Float32Array, xAt: number, y: Float32Array, yAt: number): number {
    return dotProduct(x, xAt, y, yAt, this.dim)
  }

  keyOf(similarity: number): number {
    return 2 - 2 * similarity
  }

  similarityAtMost(s: number): number {
    return 1 - s / 2 + this.absolute
  }
}

/** Squares |a - b|^2. */
class EuclideanSpace extends SquareSpace {
  readonly relative: number = (this.dim + 16) * 2 ** -52
  readonly absolute = 0

  measure(x: Float32Array, xAt: number, y: Float32Array, yAt: number): number {
    return squaredDistance(x, xAt, y, yAt, this.dim)
  }

  keyOf(similarity: number): number {
    return similarity > 0 ? -1 : similarity * similarity
  }

  similarityAtMost(s: number): number {
    return -Math.sqrt(Math.max(0, s - 3 * s * this.relative))
  }
}

/** Keys are the distances themselves: sums of |a - b|. */
class ManhattanSpace extends CoverSpace {
  readonly relative: number = (this.dim + 16) * 2 ** -52
  readonly absolute = 0

  measure(x: Float32Array, xAt: number, y: Float32Array, yAt: number): number {
    return absoluteDifferences(x, xAt, y, yAt, this.dim)
  }

  atLeast(s: number): number {
    return (s - s * this.relative) * DOWN
  }

  atMost(s: number): number {
    return (s + s * this.relative) * UP
  }

  keyOfDistance(distance: number): number {
    return distance
  }

  distanceOfKey(s: number): number {
    return Math.max(0, s)
  }

  keyOf(similarity: number): number {
    return similarity > 0 ? -1 : 0 - similarity
  }

  similarityAtMost(s: number): number {
    return 0 - (s - 3 * s * this.relative)
  }
}

const SPACES: Readonly<Record<MetricSpace, new (metric: Metric, dim: number) => CoverSpace>> = {
  chord: ChordSpace,
  euclidean: EuclideanSpace,
  manhattan: ManhattanSpace,
}

/** The space of a metric; undefined without a triangle inequality. */
export function coverSpace(metric: Metric, dim: number): CoverSpace | undefined {
  const { space } = metricOf(metric)
  return space && new SPACES[space](metric, dim)
}

/** The sum of (a - b)^2 over `dim` numbers, in four independent sums. */
function squaredDistance(
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

/** The sum of |a - b| over `dim` numbers. */
function absoluteDifferences(
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
    s0 += Math.abs(x[a] - y[b])
    s1 += Math.abs(x[a + 1] - y[b + 1])
    s2 += Math.abs(x[a + 2] - y[b + 2])
    s3 += Math.abs(x[a + 3] - y[b + 3])
  }
  for (; a < end; a++, b++) s0 += Math.abs(x[a] - y[b])
  return s0 + s1 + (s2 + s3)
}

/** The sum of a * b over `dim` numbers. */
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

/**
 * The square of the chord between the directions of two vectors, from their dot product and the inverses of their
 * lengths.
 */
export function squaredChord(dot: number, inverseX: number, inverseY: number): number {
  return Math.max(0, 2 - 2 * (dot * inverseX * inverseY))
}
