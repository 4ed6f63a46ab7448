import { align16, HITS } from '../../../accelerators/arena.ts'
import type { Arena } from '../../../accelerators/arena.ts'
import type { KernelKind } from '../../../accelerators/kernels.ts'
import { isDirectional, unknownMetric, type Metric } from '../../../core/metric.ts'
import { copySection, sectionLength } from '../../vector-index.ts'
import type { IndexSection } from '../../vector-index.ts'
import { RowBlock } from './row-block.ts'
import { NOWHERE, REMOVED, sameBytes } from './rows.ts'
import type { Rows } from './rows.ts'
import { SCAN_FORM } from './scan-form.ts'

/** Bytes of a float row: floats padded to a multiple of 16 bytes, weight f64, unit f64. */
export function floatStride(dim: number): number {
  return align16(dim * 4) + 16
}

/** The float32 rows themselves, scanned in single precision with bounds for its rounding. */
export class FloatRows implements Rows {
  readonly resident = true
  readonly #metric: Metric
  readonly #block: RowBlock
  readonly #rounding: number
  readonly #underflow: number
  #positions = 0
  #queryLength = 0

  constructor(metric: Metric, dim: number, expectedRows: number, kernels: KernelKind | undefined) {
    this.#metric = metric
    this.#block = new RowBlock(dim, floatStride(dim), dim * 4, expectedRows, kernels)
    // Roundings on the longest way through the kernel's sums, and those of double arithmetic: docs/exact-index.md.
    const steps = Math.ceil(dim / 16) + 12
    const doubles = (dim + 32) * 2 ** -51
    this.#rounding = (steps * 2 ** -24) / (1 - steps * 2 ** -24) + 4 * doubles
    this.#underflow = (dim + 4) * 2 ** -149
  }

  get positions(): number {
    return this.#positions
  }

  get bytes(): number {
    return this.#block.bytes
  }

  get arena(): Arena {
    return this.#block.arena
  }

  stage(rows: number): Float32Array {
    return this.#block.stage(rows)
  }

  append(rows: number): void {
    const block = this.#block
    const { dim, stride } = block
    block.prepare(this.#positions, rows)
    const { f32, f64, kernels, u8 } = block.arena
    const to = block.rows + this.#positions * stride
    u8.fill(0, to, to + rows * stride)
    for (let row = 0; row < rows; row++) {
      const from = block.staged / 4 + row * dim
      f32.copyWithin((to + row * stride) / 4, from, from + dim)
    }
    kernels.magnitudes(block.staged, dim * 4, rows, dim, HITS)
    const cosine = isDirectional(this.#metric)
    for (let row = 0; row < rows; row++) {
      const length = f64[HITS / 8 + row]
      const tail = (to + (row + 1) * stride) / 8 - 2
      f64[tail] = cosine ? (length === 0 ? NOWHERE : 1) : length
      f64[tail + 1] = cosine ? 1 / length : 1
    }
    block.unstage()
    this.#positions += rows
  }

  remove(position: number): void {
    this.arena.f64[this.#weightAt(position)] = REMOVED
  }

  isLive(position: number): boolean {
    return this.arena.f64[this.#weightAt(position)] !== REMOVED
  }

  /** The floats of a position. A view: gone after the next call. */
  row(position: number): Float32Array {
    const { dim, rows, stride } = this.#block
    const from = (rows + position * stride) / 4
    return this.arena.f32.subarray(from, from + dim)
  }

  same(one: number, other: number): boolean {
    const { rows, stride } = this.#block
    return sameBytes(this.arena.u8, rows + one * stride, rows + other * stride, stride)
  }

  moveLast(to: number): void {
    const { rows, stride } = this.#block
    const from = rows + --this.#positions * stride
    this.arena.u8.copyWithin(rows + to * stride, from, from + stride)
  }

  setQuery(query: Float32Array): boolean {
    const { arena, dim, query: at } = this.#block
    arena.f32.set(query, at / 4)
    arena.kernels.magnitudes(at, 0, 1, dim, HITS)
    this.#queryLength = arena.f64[HITS / 8]
    return !isDirectional(this.#metric) || this.#queryLength > 0
  }

  scan(from: number, to: number, least: number, most: number, allowed: number): number {
    const { kernels } = this.arena
    const { query, rows, stride } = this.#block
    const rounding = this.#rounding
    switch (SCAN_FORM[this.#metric]) {
      case 'distance':
        return kernels.scanFloatsEuclidean(
          rows,
          stride,
          from,
          to,
          query,
          HITS,
          1 - 2 * rounding,
          1 + 2 * rounding,
          this.#underflow,
          least,
          most,
          allowed,
        )
      case 'dot': {
        const directions = isDirectional(this.#metric)
        const scale = directions ? 1 / this.#queryLength : 1
        return kernels.scanFloatsDot(
          rows,
          stride,
          from,
          to,
          query,
          HITS,
          scale,
          directions ? rounding : rounding * this.#queryLength,
          this.#underflow * scale,
          least,
          most,
          allowed,
        )
      }
    }
  }

  similarity(position: number): number {
    const { arena, dim, query, rows, stride } = this.#block
    const { kernels } = arena
    const row = rows + position * stride
    switch (this.#metric) {
      case 'cosine':
        kernels.exactCosine(row, stride, 1, dim, query, this.#queryLength, HITS)
        break
      case 'euclidean':
        kernels.exactEuclidean(row, stride, 1, dim, query, HITS)
        break
      case 'dot':
        kernels.exactDot(row, stride, 1, dim, query, HITS)
        break
      default:
        unknownMetric(this.#metric)
    }
    return arena.f64[HITS / 8]
  }

  section(): IndexSection {
    const { rows, stride } = this.#block
    return { name: 'floats', bytes: this.arena.u8.subarray(rows, rows + this.#positions * stride) }
  }

  /** Takes over a saved section. */
  load(section: IndexSection, positions: number): void {
    this.#block.ensure(positions)
    const { rows } = this.#block
    copySection(section, this.arena.u8.subarray(rows, rows + sectionLength(section)))
    this.#positions = positions
  }

  dispose(): void {
    this.#block.dispose()
  }

  #weightAt(position: number): number {
    const { rows, stride } = this.#block
    return (rows + (position + 1) * stride) / 8 - 2
  }
}
