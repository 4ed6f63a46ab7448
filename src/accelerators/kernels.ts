import type { HeadForm, ScanForm, ScoreForm } from '../core/metrics/definition.ts'

/**
 * The functions of assembly/, over one memory: addresses and sizes are bytes. Requests are plain objects that their owner
 * keeps and fills again, so that no call allocates. `simd` and `scalar` implement them and agree to the bit. Row layouts,
 * scan results and bounds: docs/exact-index.md.
 */
export interface Kernels {
  /** int8 rows: writes the results among rows from..to-1 (at most MAX_RESULTS) and returns how many. */
  readonly scanCodes: Readonly<Record<ScanForm, (scan: CodeScan) => number>>
  /**
   * int8 rows in two parts: lists the positions (u32 each) among from..to-1 whose upper bound may reach `least`, judged by
   * their heads (and, with `whole`, by their tails), and returns how many.
   */
  readonly scanHeads: Readonly<Record<HeadForm, (scan: SplitScan) => number>>
  /** Writes the results among `count` listed positions and returns how many. */
  readonly scanTails: Readonly<Record<HeadForm, (scan: SplitScan, count: number) => number>>
  /** float32 rows in single precision: as scanCodes. */
  readonly scanFloats: Readonly<Record<ScanForm, (scan: FloatScan) => number>>
  /** Exact similarities of rows, f64 each. */
  readonly score: Readonly<Record<ScoreForm, (request: ScoreRequest) => void>>
  /** Euclidean lengths of `count` rows of `dim` floats, f64 each. */
  magnitudes(rows: number, stride: number, count: number, dim: number, out: number): void
  /** Dot products of float32 rows with float32 rows, in single precision: a matrix by a transposed one. */
  multiply(request: MultiplyRequest): void
  /** float32 rows to int8 rows. */
  quantize(request: QuantizeRequest): void
  /** `count` rows that `quantize` made, to the positions from `position` on. */
  splitRows(from: number, stride: number, count: number, to: SplitLayout, position: number): void
  /** 1 when so many float32 numbers are all finite, 0 otherwise. */
  areFinite(from: number, count: number): number
  /** xxHash64 in three steps: start, stripes of 32 bytes, the last 0..31 bytes of `size` in all. */
  hashStart(state: number): void
  hashStripes(state: number, from: number, size: number): void
  hashFinish(state: number, from: number, rest: number, size: bigint): bigint
}

/** Most rows a scan takes at once, so that every one may be a result. */
export const MAX_RESULTS = 4096

/** Bytes of the results: lower bounds f64[MAX_RESULTS], upper bounds f64[MAX_RESULTS], positions u32[MAX_RESULTS]. */
export const RESULT_BYTES: number = MAX_RESULTS * 20

/** What every scan is told: which rows, and what makes one of them a result. */
export interface Scan {
  rows: number
  from: number
  to: number
  query: number
  results: number
  /** Results reach `least` with their upper bound, and do not pass `most` with their lower bound. */
  least: number
  most: number
  /** 0, or a bitmap whose first bit is for `from`. */
  allowed: number
}

export interface CodeScan extends Scan {
  readonly stride: number
  readonly bounds: CodeBounds
}

/** What the bounds of int8 rows need to know of a query: docs/exact-index.md, "Quantising a query". */
export interface CodeBounds {
  readonly scale: number
  /** What a unit of a row's error, and of its length, adds to the bounds of a dot product. */
  readonly perError: number
  readonly perLength: number
  /** Squared length of the query's codes, what its error adds to the bounds of a distance, and the rounding of squares. */
  readonly square: number
  readonly distanceError: number
  readonly distanceRounding: number
  /** Relative rounding of a sum in single precision. */
  readonly rounding: number
}

export interface SplitScan extends Scan {
  readonly layout: SplitLayout
  readonly bounds: CodeBounds
  readonly list: number
  /** The tails of the heads are read too. */
  whole: boolean
  /** What a unit of a tail's norm can add to a dot; 0 with `whole`. */
  tailLength: number
}

/** Where rows in two parts are. */
export interface SplitLayout {
  readonly dim: number
  rows: number
  /** Codes of a head, a multiple of 16. */
  readonly headCodes: number
  readonly headStride: number
  readonly tailStride: number
  /** A group has 2^groupBits rows. */
  readonly groupBits: number
  /** Bytes of a group. */
  readonly groupBytes: number
}

export interface FloatScan extends Scan {
  readonly stride: number
  /** Relative rounding of a sum in single precision, and what products that underflow lose: "Vectors in memory". */
  readonly rounding: number
  readonly underflow: number
  /** Of a dot product: the query's factor, and what a unit of a row's weight adds to the bounds. */
  scale: number
  perWeight: number
}

export interface ScoreRequest {
  rows: number
  readonly stride: number
  count: number
  readonly dim: number
  query: number
  /** Euclidean length of the query; for cosine. */
  queryLength: number
  out: number
}

/** out[i][j] = a[i] . b[j]; strides are bytes. */
export interface MultiplyRequest {
  a: number
  readonly aStride: number
  /** Rows of `a`. */
  rows: number
  b: number
  readonly bStride: number
  /** Rows of `b`. */
  columns: number
  /** Numbers in a row of either. */
  readonly dim: number
  out: number
  readonly outStride: number
}

export interface QuantizeRequest {
  /** float32 rows, `dim` numbers each, one behind the other. */
  from: number
  count: number
  readonly dim: number
  /** What divides the rows (f64 each), for directions; 0: nothing. */
  lengths: number
  /** Decides what the last word of a row is. */
  readonly form: ScanForm
  to: number
  /** Of the int8 rows. */
  readonly stride: number
}
