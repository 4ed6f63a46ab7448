/**
 * The functions of assembly/, over one memory: addresses and sizes are bytes. `WasmKernels` and the twin implement them
 * and agree to the bit. Row layouts, hits and bounds: docs/exact-index.md.
 */
export interface Kernels {
  /**
   * int8 rows, dot product: writes the hits among rows from..to-1 (at most MAX_HITS) and returns how many. `allowed`: 0, or
   * a bitmap whose first bit is for `from`.
   */
  scanCodesDot(
    rows: number,
    stride: number,
    from: number,
    to: number,
    query: number,
    hits: number,
    scale: number,
    perError: number,
    perLength: number,
    least: number,
    most: number,
    allowed: number,
  ): number
  /** int8 rows, minus the Euclidean distance. */
  scanCodesEuclidean(
    rows: number,
    stride: number,
    from: number,
    to: number,
    query: number,
    hits: number,
    twice: number,
    error: number,
    square: number,
    rounding: number,
    least: number,
    most: number,
    allowed: number,
  ): number
  /**
   * int8 rows in two parts: writes the positions (u32 each) among from..to-1 whose upper bound may reach `least`, judged
   * by their heads (and, with `whole` 1 and `tailLength` 0, by their tails), and returns how many.
   */
  scanHeadsDot(
    rows: number,
    groupBits: number,
    headCodes: number,
    tailStride: number,
    from: number,
    to: number,
    query: number,
    list: number,
    whole: number,
    tailLength: number,
    scale: number,
    perError: number,
    perLength: number,
    least: number,
    allowed: number,
  ): number
  scanHeadsEuclidean(
    rows: number,
    groupBits: number,
    headCodes: number,
    tailStride: number,
    from: number,
    to: number,
    query: number,
    list: number,
    whole: number,
    tailLength: number,
    twice: number,
    error: number,
    square: number,
    rounding: number,
    least: number,
    allowed: number,
  ): number
  /** Writes the hits among `count` listed positions and returns how many. */
  scanTailsDot(
    rows: number,
    groupBits: number,
    headCodes: number,
    tailStride: number,
    list: number,
    count: number,
    query: number,
    hits: number,
    scale: number,
    perError: number,
    perLength: number,
    least: number,
    most: number,
  ): number
  scanTailsEuclidean(
    rows: number,
    groupBits: number,
    headCodes: number,
    tailStride: number,
    list: number,
    count: number,
    query: number,
    hits: number,
    twice: number,
    error: number,
    square: number,
    rounding: number,
    least: number,
    most: number,
  ): number
  /** Rows that `quantize` made, to the positions from `position` on. */
  splitRows(
    from: number,
    fromStride: number,
    count: number,
    dim: number,
    rows: number,
    groupBits: number,
    headCodes: number,
    tailStride: number,
    position: number,
  ): void
  /** float32 rows, dot product. */
  scanFloatsDot(
    rows: number,
    stride: number,
    from: number,
    to: number,
    query: number,
    hits: number,
    scale: number,
    perWeight: number,
    perUnit: number,
    least: number,
    most: number,
    allowed: number,
  ): number
  /** float32 rows, minus the Euclidean distance. */
  scanFloatsEuclidean(
    rows: number,
    stride: number,
    from: number,
    to: number,
    query: number,
    hits: number,
    shrink: number,
    grow: number,
    underflow: number,
    least: number,
    most: number,
    allowed: number,
  ): number
  /** 1 when so many float32 numbers are all finite, 0 otherwise. */
  areFinite(from: number, count: number): number
  /** float32 rows to int8 rows. `lengths` (f64 each) divide the rows for cosine, 0: none. */
  quantize(
    from: number,
    fromStride: number,
    count: number,
    dim: number,
    lengths: number,
    euclidean: number,
    to: number,
    stride: number,
  ): void
  /** Exact similarities of `count` rows, f64 each, to `out`. */
  exactCosine(
    rows: number,
    stride: number,
    count: number,
    dim: number,
    query: number,
    queryLength: number,
    out: number,
  ): void
  exactDot(
    rows: number,
    stride: number,
    count: number,
    dim: number,
    query: number,
    out: number,
  ): void
  exactEuclidean(
    rows: number,
    stride: number,
    count: number,
    dim: number,
    query: number,
    out: number,
  ): void
  /** Euclidean lengths of `count` rows, f64 each, to `out`. */
  magnitudes(rows: number, stride: number, count: number, dim: number, out: number): void
  /** xxHash64 in three steps: start, stripes of 32 bytes, the last 0..31 bytes of `size` in all. */
  hashStart(state: number): void
  hashStripes(state: number, from: number, size: number): void
  hashFinish(state: number, from: number, rest: number, size: bigint): bigint
}

/** Most rows a scan takes at once, so that every one may be a hit. */
export const MAX_HITS = 4096

/** Bytes of the hits: lower bounds f64[MAX_HITS], upper bounds f64[MAX_HITS], positions u32[MAX_HITS]. */
export const HITS_BYTES: number = MAX_HITS * 20

export type KernelKind = 'wasm' | 'twin'
