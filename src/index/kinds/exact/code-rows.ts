import { align16, SCRATCH } from '../../../accelerators/arena.ts'
import type { QuantizeRequest } from '../../../accelerators/kernels.ts'
import { metricOf } from '../../../core/metric.ts'
import type { MetricDefinition } from '../../../core/metrics/definition.ts'
import { magnitude } from '../../../core/similarity.ts'
import type { IndexSection } from '../../vector-index.ts'
import { CODE_BYTES, QueryCode } from './query-code.ts'
import { RowBlock, type RowOptions } from './row-block.ts'
import { CodeRowScan } from './row-scan.ts'
import { countLive, REMOVED } from './rows.ts'
import type { CodedRows } from './rows.ts'
import { RESULTS } from './scan-scratch.ts'

/** The bytes of an int8 row: codes, then 12 bytes with scale, error, and length or sum of squared codes. */
export function codeStride(dim: number): number {
  return align16(dim + 12)
}

/** A byte as a code. */
export function signed(byte: number): number {
  return (byte << 24) >> 24
}

/** int8 rows, each with an error bound: 112 bytes for 100 dimensions. */
export class CodeRows implements CodedRows {
  readonly block: RowBlock
  readonly inMemoryVectors: undefined
  readonly rowScan: CodeRowScan
  asked: ArrayLike<number> = []
  readonly #options: RowOptions
  readonly #metric: MetricDefinition
  readonly #query: QueryCode
  readonly #quantize: QuantizeRequest

  constructor(options: RowOptions) {
    const { dim } = options
    const stride = codeStride(dim)
    this.#options = options
    this.#metric = metricOf(options.metric)
    this.block = new RowBlock(options, stride, stride * CODE_BYTES[this.#metric.kernels.scan])
    this.#query = new QueryCode(this.#metric, dim)
    const form = this.#metric.kernels.scan
    const results = RESULTS + this.block.arena.shift
    const scan = { ...RowBlock.noScan(results), stride, bounds: this.#query }
    this.rowScan = new CodeRowScan(form, scan)
    this.#quantize = { from: 0, count: 0, dim, lengths: 0, form, to: 0, stride }
  }

  commit(rows: number): void {
    const { block } = this
    const { dim, stride } = block
    block.prepare(rows)
    const { kernels, u8 } = block.arena
    const request = this.#quantize
    request.from = block.staged
    request.count = rows
    request.to = block.addressOf(block.positions)
    u8.fill(0, request.to, request.to + rows * stride)
    if (this.#metric.directional) {
      request.lengths = SCRATCH
      kernels.magnitudes(block.staged, dim * 4, rows, dim, SCRATCH)
    }
    kernels.quantize(request)
    block.commit(rows)
  }

  remove(position: number): void {
    this.block.arena.f32[this.#errorAt(position)] = REMOVED
  }

  isLive(position: number): boolean {
    return this.errorOf(position) !== REMOVED
  }

  errorOf(position: number): number {
    return this.block.arena.f32[this.#errorAt(position)]
  }

  countLive(): number {
    const { arena, positions, stride } = this.block
    return countLive(arena.f32, this.#errorAt(0), stride / 4, positions)
  }

  same(one: number, other: number): boolean {
    return this.block.same(one, other)
  }

  swapRemove(to: number): void {
    this.block.swapRemove(to)
  }

  setQuery(query: Float32Array): boolean {
    const { block } = this
    const { request } = this.rowScan
    request.rows = block.rows
    request.query = block.query
    this.asked = query
    return this.#query.set(query, block.arena, block.query, magnitude(query))
  }

  setDecodedQuery(vector: Float32Array): boolean {
    return this.setQuery(vector)
  }

  decode(position: number, to: Float32Array): void {
    const { f32, u8 } = this.block.arena
    const at = this.block.addressOf(position)
    const scale = f32[(at + this.block.stride) / 4 - 3]
    for (let i = 0; i < to.length; i++) to[i] = signed(u8[at + i]) * scale
  }

  like(expectedRows: number): CodeRows {
    return new CodeRows({ ...this.#options, expectedRows, lent: undefined })
  }

  addRemoved(count: number): void {
    const { block } = this
    const first = block.positions
    block.ensure(first + count)
    block.positions += count
    block.arena.u8.fill(0, block.addressOf(first), block.addressOf(block.positions))
    for (let position = first; position < block.positions; position++) this.remove(position)
  }

  copyRow(from: CodeRows, position: number, to: number): void {
    const { stride } = this.block
    const at = from.block.addressOf(position)
    this.block.arena.u8.set(from.block.arena.u8.subarray(at, at + stride), this.block.addressOf(to))
  }

  scan(from: number, to: number, least: number, most: number, allowed: number): number {
    return this.rowScan.scan(this.block.arena, from, to, least, most, allowed)
  }

  sections(): IndexSection[] {
    return [this.block.section('codes')]
  }

  load(section: IndexSection, positions: number): void {
    this.block.load(section, positions, positions)
  }

  #errorAt(position: number): number {
    return this.block.addressOf(position + 1) / 4 - 2
  }
}
