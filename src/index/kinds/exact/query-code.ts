import type { Arena } from '../../../accelerators/arena.ts'
import type { CodeBounds } from '../../../accelerators/kernels.ts'
import type { MetricDefinition, ScanForm } from '../../../core/metrics/definition.ts'
import { doubleSlack, singleRounding } from './rounding.ts'

/**
 * The maximum sum of |code| of a query. Times 127 it stays below 2^31, and so does every partial sum of products with a
 * row.
 */
const MAX_CODE_SUM = 16_909_320

/** Adding and subtracting it rounds a number below 2^51 to an integer; Math.round takes three times as long. */
const ROUND = 2 ** 52 * 1.5

/** Bytes of a query for each code of a row. */
export const CODE_BYTES: Readonly<Record<ScanForm, number>> = { dot: 2, euclidean: 2, manhattan: 4 }

/** A query as 16-bit codes, with the constants for the bounds: docs/exact-index.md, "Quantising a query". */
export class QueryCode implements CodeBounds {
  /** query (of length 1 for cosine) = scale * codes + a remainder that `error` bounds. */
  scale = 0
  error = 0
  /** The squared length of scale * codes. */
  square = 0
  /** What a unit of a row's error, and of its length, adds to the bounds of a dot product. */
  perError = 0
  perLength = 0
  /** What the query's error adds to the bounds of a distance, and the rounding of its square. */
  distanceError = 0
  readonly distanceRounding: number
  readonly rounding: number
  /** The relative slack for double arithmetic over `dim` numbers. */
  readonly slack: number
  readonly #directional: boolean
  /** Whether the query is not encoded. */
  readonly #asFloats: boolean

  constructor(metric: MetricDefinition, dim: number) {
    this.#directional = metric.directional
    this.slack = doubleSlack(dim)
    this.distanceRounding = 4 * this.slack
    this.rounding = singleRounding(dim)
    this.#asFloats = metric.kernels.scan === 'manhattan'
  }

  /**
   * Writes the codes to an address; returns false if the query has length zero. `length` is the query's length. If rows
   * were rotated, the query is, too: `length` is then its length before the rotation, and `spread` is
   * `Rotation.spread`.
   */
  set(
    query: ArrayLike<number>,
    { f32, i16: out }: Arena,
    address: number,
    length: number,
    spread = 0,
  ): boolean {
    if (this.#asFloats) {
      f32.set(query, address / 4)
      return true
    }
    const dim = query.length
    const at = address / 2
    if (this.#directional && length === 0) return false
    const inverse = this.#directional ? 1 / length : 1
    let largest = 0
    let sum = 0
    for (let i = 0; i < dim; i++) {
      const size = Math.abs(query[i])
      sum += size
      if (size > largest) largest = size
    }
    const scale = Math.max(largest / 32767, sum / (MAX_CODE_SUM - dim)) * inverse
    const k = scale > 0 ? inverse / scale : 0
    let errors = 0
    let squares = 0
    let own = 0
    for (let i = 0; i < dim; i++) {
      const code = query[i] * k + ROUND - ROUND
      const difference = query[i] * inverse - scale * code
      out[at + i] = code
      errors += difference * difference
      squares += code * code
      own += query[i] * query[i]
    }
    // A rotated query may be longer than the given one. The bounds must cover both.
    const given = this.#directional ? 1 : length
    const unit = spread === 0 ? given : Math.max(given, Math.sqrt(own) * inverse * (1 + this.slack))
    this.scale = scale
    this.error = Math.sqrt(errors) * (1 + this.slack) + this.slack * (this.#directional ? unit : 0)
    this.square = scale * scale * squares
    // Above 0, so that a row whose error or length is infinite gets infinite bounds.
    this.perError = unit * (1 + 2 * this.slack) + Number.MIN_VALUE
    this.perLength = (this.error + this.slack * unit) * (1 + this.slack) + Number.MIN_VALUE
    this.distanceError = (this.error + spread * length) * (1 + this.slack)
    return true
  }
}
