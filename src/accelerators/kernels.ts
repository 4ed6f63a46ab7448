import type { HeadForm, ScanForm, ScoreForm } from '../core/metrics/definition.ts'

/**
 * The functions of assembly/, over one memory. Addresses and sizes are in bytes. Requests are plain objects that their
 * owner keeps and refills, so that no call allocates. `simd` and `scalar` implement them and agree to the bit.
 * docs/exact-index.md defines row layouts, scan results and bounds.
 */
export interface Kernels {
  /** int8 rows: writes the results among rows from..to-1 (at most MAX_RESULTS) and returns their number. */
  readonly scanCodes: Readonly<Record<ScanForm, (scan: CodeScan) => number>>
  /**
   * int8 rows in two parts: lists the positions (u32 each) among from..to-1 whose upper bound may reach `least` by
   * their heads (and, with `whole`, their tails), and returns their number.
   */
  readonly scanHeads: Readonly<Record<HeadForm, (scan: SplitScan) => number>>
  /** Writes the results among `count` listed positions and returns their number. */
  readonly scanTails: Readonly<Record<HeadForm, (scan: SplitScan, count: number) => number>>
  /** float32 rows in single precision; otherwise like scanCodes. */
  readonly scanFloats: Readonly<Record<ScanForm, (scan: FloatScan) => number>>
  /** Exact similarities of rows, f64 each. */
  readonly score: Readonly<Record<ScoreForm, (request: ScoreRequest) => void>>
  /** Euclidean lengths of `count` rows of `dim` floats, f64 each. */
  magnitudes(rows: number, stride: number, count: number, dim: number, out: number): void
  /** Dot products of float32 rows with float32 rows, in single precision: a matrix times a transposed one. */
  multiply(request: MultiplyRequest): void
  /** Converts float32 rows to int8 rows. */
  quantize(request: QuantizeRequest): void
  /** Copies `count` rows of `quantize` to the positions from `position` on. */
  splitRows(from: number, stride: number, count: number, to: SplitLayout, position: number): void
  /** 1 if `count` float32 numbers are all finite, 0 otherwise. */
  areFinite(from: number, count: number): number
  /**
   * Writes so many words: a bit for each of 32 bytes from `from` on, set where the byte is in the set of 256 bits at `set`.
   */
  selectBytes(from: number, words: number, set: number, out: number): void
  /** xxHash64 in three steps: start, stripes of 32 bytes, and the last 0..31 bytes. `size` is the total. */
  hashStart(state: number): void
  hashStripes(state: number, from: number, size: number): void
  hashFinish(state: number, from: number, rest: number, size: bigint): bigint
}

/** The maximum number of rows per scan, so that every row may be a result. */
export const MAX_RESULTS = 4096

/**
 * The size of the results: lower bounds f64[MAX_RESULTS], upper bounds f64[MAX_RESULTS], positions u32[MAX_RESULTS].
 */
export const RESULT_BYTES: number = MAX_RESULTS * 20

/** The request of every scan: the rows, and the condition for a result. */
export interface Scan {
  rows: number
  from: number
  to: number
  query: number
  results: number
  /** The upper bound of a result is at least `least`, and its lower bound at most `most`. */
  least: number
  most: number
  /** 0, or a bitmap whose first bit belongs to `from`. */
  allowed: number
}

export interface CodeScan extends Scan {
  readonly stride: number
  readonly bounds: CodeBounds
}

/** The constants of a query for the bounds of int8 rows: docs/exact-index.md, "Quantising a query". */
export interface CodeBounds {
  readonly scale: number
  /** What a unit of a row's error, and of its length, adds to the bounds of a dot product. */
  readonly perError: number
  readonly perLength: number
  /** Squared length of the query's codes, what its error adds to the bounds of a distance, and the rounding of squares. */
  readonly square: number
  readonly distanceError: number
  readonly distanceRounding: number
  /** The relative rounding error of a sum in single precision. */
  readonly rounding: number
}

export interface SplitScan extends Scan {
  readonly layout: SplitLayout
  readonly bounds: CodeBounds
  readonly list: number
  /** Whether the tails are read as well as the heads. */
  whole: boolean
  /** What a unit of a tail's norm can add to a dot product; 0 with `whole`. */
  tailLength: number
}

/** The layout of rows in two parts. */
export interface SplitLayout {
  readonly dim: number
  rows: number
  /** The number of codes in a head, a multiple of 16. */
  readonly headCodes: number
  readonly headStride: number
  readonly tailStride: number
  /** A group has 2^groupBits rows. */
  readonly groupBits: number
  /** The size of a group in bytes. */
  readonly groupBytes: number
}

export interface FloatScan extends Scan {
  readonly stride: number
  /**
   * The relative rounding error of a sum in single precision, and the loss by underflowing products: "Vectors in
   * memory".
   */
  readonly rounding: number
  readonly underflow: number
  /** For a dot product: the query's factor, and what a unit of a row's weight adds to the bounds. */
  scale: number
  perWeight: number
}

export interface ScoreRequest {
  rows: number
  readonly stride: number
  count: number
  readonly dim: number
  query: number
  /** The Euclidean length of the query, for cosine. */
  queryLength: number
  out: number
}

/** out[i][j] = a[i] . b[j]; strides are bytes. */
export interface MultiplyRequest {
  a: number
  readonly aStride: number
  /** The number of rows of `a`. */
  rows: number
  b: number
  readonly bStride: number
  /** The number of rows of `b`. */
  columns: number
  /** The number of columns of both. */
  readonly dim: number
  out: number
  readonly outStride: number
}

export interface QuantizeRequest {
  /** float32 rows of `dim` numbers each, without gaps. */
  from: number
  count: number
  readonly dim: number
  /** The address of the divisors of the rows (f64 each), for directions; 0 for none. */
  lengths: number
  /** Determines the last word of a row. */
  readonly form: ScanForm
  to: number
  /** The stride of the int8 rows. */
  readonly stride: number
}
