import { align16, SCRATCH } from '../../../accelerators/arena.ts'
import { MAX_RESULTS, RESULT_BYTES } from '../../../accelerators/kernels.ts'
import type { QuantizeRequest, SplitLayout } from '../../../accelerators/kernels.ts'
import { metricOf, type Metric } from '../../../core/metric.ts'
import type { MetricDefinition } from '../../../core/metrics/definition.ts'
import { magnitude } from '../../../core/similarity.ts'
import { MAX_STAGED_ROWS, type IndexSection } from '../../vector-index.ts'
import { codeStride, signed } from './code-rows.ts'
import { CODE_BYTES, QueryCode } from './query-code.ts'
import { canTurn, Rotation } from './rotation.ts'
import { roundedUp } from './rounding.ts'
import { RowBlock, sameBytes, type RowOptions } from './row-block.ts'
import { SplitRowScan } from './row-scan.ts'
import { countLive, REMOVED } from './rows.ts'
import type { CodedRows } from './rows.ts'
import { LISTED, RESULTS } from './scan-scratch.ts'

/** Bytes after the codes of a head: scale f32, error bf16, norm of the tail u16, length f32 or sum of squares i32. */
const HEAD_META = 12
/** REMOVED as the upper half of a float32. */
const REMOVED_HALF = 0xff80
/** From this dimension on, splitting pays: below, a head would be nearly the whole row. */
export const SPLIT_DIM = 96

/** Whether int8 rows of a metric may be stored in two parts. */
export function canBeSplit(metric: Metric, dim: number): boolean {
  return dim > 16 && metricOf(metric).kernels.heads !== undefined
}

/** Whether storing them in two parts is tried. */
export function areSplit(metric: Metric, dim: number): boolean {
  return dim >= SPLIT_DIM && canBeSplit(metric, dim)
}

/**
 * To rule out 99 of 100 rows, a head of 100 dimensions must hold most of them, one of 768 dimensions a third. The heads
 * of a group take about 64 KiB.
 */
export function splitLayout(dim: number): SplitLayout {
  const headCodes = 16 * Math.min(Math.round((dim * 0.28 + 52) / 16), Math.floor((dim - 1) / 16))
  const headStride = headCodes + HEAD_META
  const tailStride = Math.ceil((dim - headCodes) / 4) * 4 + 4
  const groupBits = Math.max(5, Math.floor(Math.log2(98304 / headStride)))
  const groupBytes = (headStride + tailStride) * 2 ** groupBits
  return { dim, rows: 0, headCodes, headStride, tailStride, groupBits, groupBytes }
}

/**
 * int8 rows in two parts. A scan reads the heads, which bound the value of the whole row, and then the tails of the few
 * rows that can reach the threshold: 92 of 116 bytes per row at 100 dimensions, 284 of 784 at 768.
 */
export class SplitRows implements CodedRows {
  readonly block: RowBlock
  readonly inMemoryVectors: undefined
  readonly rowScan: SplitRowScan
  asked: ArrayLike<number> = []
  readonly #options: RowOptions
  readonly #metric: MetricDefinition
  readonly #layout: SplitLayout
  readonly #query: QueryCode
  readonly #quantize: QuantizeRequest
  readonly #rotation: Rotation | undefined

  /** `rotation`: rows and queries are rotated first, so that heads hold more of them. */
  constructor(options: RowOptions, rotation?: Rotation) {
    const { dim, expectedRows } = options
    const layout = splitLayout(dim)
    const { headCodes, headStride, tailStride } = layout
    this.#options = options
    this.#metric = metricOf(options.metric)
    this.#layout = layout
    const queryBytes = CODE_BYTES[this.#metric.kernels.scan] * (headCodes + align16(tailStride - 4))
    const rows = this.#wholeGroups(expectedRows)
    const prefix = rotation ? Rotation.bytes(dim) : 0
    this.block = new RowBlock(options, headStride + tailStride, queryBytes, rows, prefix)
    this.#rotation = rotation
    rotation?.place(this.block.arena, this.block.prefix)
    this.#query = new QueryCode(this.#metric, dim)
    const bounds = this.#query
    const judged = { whole: false, tailLength: 0 }
    const { shift } = this.block.arena
    const list = LISTED + shift
    const scan = { ...RowBlock.noScan(RESULTS + shift), layout, bounds, list, ...judged }
    this.rowScan = new SplitRowScan(this.#metric.kernels.heads!, scan)
    const form = this.#metric.kernels.scan
    // The whole rows are written first, in place of a scan's results, after the lengths.
    const to = SCRATCH + MAX_STAGED_ROWS * 8
    this.#quantize = { from: 0, count: 0, dim, lengths: 0, form, to, stride: codeStride(dim) }
  }

  commit(rows: number): void {
    const { block } = this
    const { dim } = block
    const { directional } = this.#metric
    const request = this.#quantize
    const { stride, to } = request
    block.prepare(rows)
    block.ensure(this.#wholeGroups(block.positions + rows))
    this.#layout.rows = block.rows
    const { kernels, u8 } = block.arena
    const rotation = this.#rotation
    if (directional || rotation) {
      kernels.magnitudes(block.staged, dim * 4, rows, dim, SCRATCH)
    }
    if (rotation) this.#turn(rotation, rows)
    const batch = Math.floor((RESULT_BYTES - MAX_STAGED_ROWS * 8) / stride)
    for (let done = 0; done < rows; done += batch) {
      const count = Math.min(batch, rows - done)
      u8.fill(0, to, to + count * stride)
      request.from = block.staged + done * dim * 4
      request.count = count
      request.lengths = directional ? SCRATCH + done * 8 : 0
      kernels.quantize(request)
      if (rotation) this.#widen(rotation, done, count)
      kernels.splitRows(to, stride, count, this.#layout, block.positions + done)
    }
    block.commit(rows)
  }

  /**
   * Rotates the staged rows in place. A row that cannot be rotated becomes zero; `#widen` then makes its error
   * infinite.
   */
  #turn(rotation: Rotation, rows: number): void {
    const { block } = this
    const { arena, dim } = block
    for (let row = 0; row < rows; row++) {
      if (canTurn(arena.f64[SCRATCH / 8 + row])) continue
      const from = block.staged / 4 + row * dim
      arena.f32.fill(0, from, from + dim)
    }
    rotation.turn(arena, block.prefix, block.staged, rows)
  }

  /** Adds the effect of the rotation to the errors of quantized rows: docs/exact-index.md, "Turned rows". */
  #widen(rotation: Rotation, first: number, count: number): void {
    const { f32, f64 } = this.block.arena
    const { stride, to } = this.#quantize
    const { directional } = this.#metric
    const spread = rotation.spread * (1 + 2 * this.#query.slack)
    for (let row = 0; row < count; row++) {
      const length = f64[SCRATCH / 8 + first + row]
      // A row of length 0 is the same in any coordinates.
      if (length === 0) continue
      const at = (to + (row + 1) * stride) / 4 - 2
      f32[at] = canTurn(length)
        ? roundedUp(f32[at] + spread * (directional ? 1 : length))
        : Infinity
    }
  }

  remove(position: number): void {
    const { f32, u32 } = this.block.arena
    const meta = (this.#head(position) + this.#layout.headCodes) / 4
    u32[meta + 1] = (u32[meta + 1] & 0xffff0000) | REMOVED_HALF
    f32[this.#errorAt(position)] = REMOVED
  }

  isLive(position: number): boolean {
    return this.errorOf(position) !== REMOVED
  }

  errorOf(position: number): number {
    return this.block.arena.f32[this.#errorAt(position)]
  }

  countLive(): number {
    const { arena, positions } = this.block
    const { groupBits, tailStride } = this.#layout
    const group = 2 ** groupBits
    let live = 0
    for (let first = 0; first < positions; first += group) {
      const rows = Math.min(group, positions - first)
      live += countLive(arena.f32, this.#errorAt(first), tailStride / 4, rows)
    }
    return live
  }

  same(one: number, other: number): boolean {
    const { headStride, tailStride } = this.#layout
    const { u8 } = this.block.arena
    return (
      sameBytes(u8, this.#head(one), this.#head(other), headStride) &&
      sameBytes(u8, this.#tail(one), this.#tail(other), tailStride)
    )
  }

  swapRemove(to: number): void {
    const { headStride, tailStride } = this.#layout
    const { u8 } = this.block.arena
    const last = --this.block.positions
    u8.copyWithin(this.#head(to), this.#head(last), this.#head(last) + headStride)
    u8.copyWithin(this.#tail(to), this.#tail(last), this.#tail(last) + tailStride)
  }

  setQuery(query: Float32Array): boolean {
    const { arena, prefix } = this.block
    const rotation = this.#rotation
    const length = magnitude(query)
    this.asked = rotation ? rotation.turned(query, length, arena, prefix) : query
    return this.#setAsked(length)
  }

  setDecodedQuery(vector: Float32Array): boolean {
    this.asked = vector
    return this.#setAsked(magnitude(vector))
  }

  #setAsked(length: number): boolean {
    const { block } = this
    const { arena } = block
    const { i16 } = arena
    const at = block.query / 2
    const query = this.asked
    this.#layout.rows = block.rows
    this.rowScan.request.query = block.query
    if (!this.#query.set(query, arena, block.query, length, this.#rotation?.spread)) return false
    let squares = 0
    for (let i = this.#layout.headCodes; i < query.length; i++) squares += i16[at + i] ** 2
    // 2^-16 covers the rounding of root, product and sum: docs/exact-index.md, "Heads and tails".
    this.rowScan.begin(Math.sqrt(squares) * (1 + 2 ** -16))
    return true
  }

  decode(position: number, to: Float32Array): void {
    const { f32, u8 } = this.block.arena
    const { headCodes } = this.#layout
    const head = this.#head(position)
    const tail = this.#tail(position)
    const scale = f32[(head + headCodes) / 4]
    for (let i = 0; i < headCodes; i++) to[i] = signed(u8[head + i]) * scale
    for (let i = headCodes; i < to.length; i++) to[i] = signed(u8[tail + i - headCodes]) * scale
  }

  like(expectedRows: number): SplitRows {
    return new SplitRows({ ...this.#options, expectedRows, lent: undefined }, this.#rotation)
  }

  addRemoved(count: number): void {
    const { block } = this
    const { groupBits, headStride, tailStride } = this.#layout
    const first = block.positions
    block.ensure(this.#wholeGroups(first + count))
    block.positions += count
    this.#layout.rows = block.rows
    const { u8 } = block.arena
    for (let from = first, end = 0; from < block.positions; from = end) {
      end = Math.min(block.positions, ((from >>> groupBits) + 1) << groupBits)
      const head = this.#head(from)
      const tail = this.#tail(from)
      u8.fill(0, head, head + (end - from) * headStride)
      u8.fill(0, tail, tail + (end - from) * tailStride)
      for (let position = from; position < end; position++) this.remove(position)
    }
  }

  copyRow(from: SplitRows, position: number, to: number): void {
    const { headStride, tailStride } = this.#layout
    const { u8 } = this.block.arena
    const bytes = from.block.arena.u8
    const head = from.#head(position)
    const tail = from.#tail(position)
    u8.set(bytes.subarray(head, head + headStride), this.#head(to))
    u8.set(bytes.subarray(tail, tail + tailStride), this.#tail(to))
  }

  scan(from: number, to: number, least: number, most: number, allowed: number): number {
    return this.rowScan.scan(this.block.arena, from, to, least, most, allowed)
  }

  /** How many rows the heads alone cannot rule out with the threshold `least`. */
  reaching(query: Float32Array, least: number): number {
    const { positions } = this.block
    if (!this.setQuery(query)) return 0
    const { kernels } = this.block.arena
    let count = 0
    for (let from = 0; from < positions; from += MAX_RESULTS) {
      const to = Math.min(positions, from + MAX_RESULTS)
      count += this.rowScan.reaching(kernels, from, to, least)
    }
    return count
  }

  sections(): IndexSection[] {
    const { groupBytes, groupBits, headStride, tailStride } = this.#layout
    const { arena, positions } = this.block
    const { u8 } = arena
    const size = this.#wholeGroups(positions)
    // The unwritten part of the last group may contain any bytes.
    const unused = size - positions
    if (unused > 0) {
      const head = this.#head(positions)
      const tail = this.#tail(positions)
      u8.fill(0, head, head + unused * headStride)
      u8.fill(0, tail, tail + unused * tailStride)
    }
    const rows = this.block.section('split', (size / 2 ** groupBits) * groupBytes)
    return this.#rotation ? [rows, this.#rotation.section()] : [rows]
  }

  load(section: IndexSection, positions: number): void {
    this.block.load(section, positions, this.#wholeGroups(positions))
  }

  #wholeGroups(rows: number): number {
    const group = 2 ** this.#layout.groupBits
    return Math.ceil(rows / group) * group
  }

  #head(position: number): number {
    const { groupBits, groupBytes, headStride } = this.#layout
    const group = this.block.rows + (position >>> groupBits) * groupBytes
    return group + (position & (2 ** groupBits - 1)) * headStride
  }

  #tail(position: number): number {
    const { groupBits, groupBytes, headStride, tailStride } = this.#layout
    const group = this.block.rows + (position >>> groupBits) * groupBytes
    return group + headStride * 2 ** groupBits + (position & (2 ** groupBits - 1)) * tailStride
  }

  #errorAt(position: number): number {
    return (this.#tail(position) + this.#layout.tailStride) / 4 - 1
  }
}
