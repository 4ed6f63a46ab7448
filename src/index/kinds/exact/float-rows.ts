import { align16, SCRATCH } from '../../../accelerators/arena.ts'
import type { FloatScan, ScoreRequest } from '../../../accelerators/kernels.ts'
import { metricOf } from '../../../core/metric.ts'
import type { MetricDefinition } from '../../../core/metrics/definition.ts'
import type { InMemoryVectors, IndexSection } from '../../vector-index.ts'
import { singleRounding } from './rounding.ts'
import { RowBlock, type RowOptions } from './row-block.ts'
import { countLive, NOWHERE, REMOVED } from './rows.ts'
import type { Rows } from './rows.ts'
import { RESULTS } from './scan-scratch.ts'

/** The bytes of a float row: floats padded to a multiple of 16 bytes, weight f64, unit f64. */
export function floatStride(dim: number): number {
  return align16(dim * 4) + 16
}

/** The float32 rows themselves, scanned in single precision with bounds for the rounding. */
export class FloatRows implements Rows, InMemoryVectors {
  readonly block: RowBlock
  readonly rowScan: undefined
  readonly #metric: MetricDefinition
  readonly #scan: FloatScan
  readonly #score: ScoreRequest

  constructor(options: RowOptions) {
    const { dim } = options
    const stride = floatStride(dim)
    this.#metric = metricOf(options.metric)
    this.block = new RowBlock(options, stride, dim * 4)
    const rounding = singleRounding(dim)
    const underflow = (dim + 4) * 2 ** -149
    const query = { scale: 1, perWeight: rounding }
    this.#scan = { ...RowBlock.noScan(RESULTS), stride, rounding, underflow, ...query }
    this.#score = { rows: 0, stride, count: 1, dim, query: 0, queryLength: 0, out: SCRATCH }
  }

  get inMemoryVectors(): InMemoryVectors {
    return this
  }

  commit(rows: number): void {
    const { block } = this
    const { dim, stride } = block
    block.prepare(rows)
    const { f32, f64, kernels, u8 } = block.arena
    const to = block.addressOf(block.positions)
    u8.fill(0, to, to + rows * stride)
    for (let row = 0; row < rows; row++) {
      const from = block.staged / 4 + row * dim
      f32.copyWithin((to + row * stride) / 4, from, from + dim)
    }
    kernels.magnitudes(block.staged, dim * 4, rows, dim, SCRATCH)
    const { directional } = this.#metric
    for (let row = 0; row < rows; row++) {
      const length = f64[SCRATCH / 8 + row]
      const tail = (to + (row + 1) * stride) / 8 - 2
      f64[tail] = directional ? (length === 0 ? NOWHERE : 1) : length
      f64[tail + 1] = directional ? 1 / length : 1
    }
    block.commit(rows)
  }

  remove(position: number): void {
    this.block.arena.f64[this.#weightAt(position)] = REMOVED
  }

  isLive(position: number): boolean {
    return this.block.arena.f64[this.#weightAt(position)] !== REMOVED
  }

  countLive(): number {
    const { arena, positions, stride } = this.block
    return countLive(arena.f64, this.#weightAt(0), stride / 8, positions)
  }

  same(one: number, other: number): boolean {
    return this.block.same(one, other)
  }

  swapRemove(to: number): void {
    this.block.swapRemove(to)
  }

  setQuery(query: Float32Array): boolean {
    const { block } = this
    const { arena, dim } = block
    const scan = this.#scan
    const { directional } = this.#metric
    arena.f32.set(query, block.query / 4)
    arena.kernels.magnitudes(block.query, 0, 1, dim, SCRATCH)
    const length = arena.f64[SCRATCH / 8]
    scan.rows = block.rows
    scan.query = this.#score.query = block.query
    scan.scale = directional ? 1 / length : 1
    scan.perWeight = directional ? scan.rounding : scan.rounding * length
    this.#score.queryLength = length
    return !directional || length > 0
  }

  scan(from: number, to: number, least: number, most: number, allowed: number): number {
    const scan = this.#scan
    scan.from = from
    scan.to = to
    scan.least = least
    scan.most = most
    scan.allowed = allowed
    return this.block.arena.kernels.scanFloats[this.#metric.kernels.scan](scan)
  }

  similarity(position: number): number {
    const { arena } = this.block
    const request = this.#score
    request.rows = this.block.addressOf(position)
    arena.kernels.score[this.#metric.kernels.score](request)
    return arena.f64[SCRATCH / 8]
  }

  row(position: number): Float32Array {
    const { arena, dim } = this.block
    const from = this.block.addressOf(position) / 4
    return arena.f32.subarray(from, from + dim)
  }

  sections(): IndexSection[] {
    return [this.block.section('floats')]
  }

  load(section: IndexSection, positions: number): void {
    this.block.load(section, positions, positions)
  }

  #weightAt(position: number): number {
    return this.block.addressOf(position + 1) / 8 - 2
  }
}
