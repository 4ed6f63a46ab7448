import { align16, HITS } from '../../../accelerators/arena.ts'
import type { Arena } from '../../../accelerators/arena.ts'
import type { KernelKind } from '../../../accelerators/kernels.ts'
import { isDirectional, type Metric } from '../../../core/metric.ts'
import { copySection, sectionLength } from '../../vector-index.ts'
import type { IndexSection } from '../../vector-index.ts'
import { QueryCode } from './query-code.ts'
import { RowBlock } from './row-block.ts'
import { REMOVED, sameBytes } from './rows.ts'
import type { Rows } from './rows.ts'
import { SCAN_FORM, STORES_SQUARES } from './scan-form.ts'

/** Bytes of an int8 row: codes, then scale, error and length or sum of squared codes in its last 12 bytes. */
export function codeStride(dim: number): number {
  return align16(dim + 12)
}

/** int8 rows with an error bound each: 112 bytes for 100 dimensions. */
export class CodeRows implements Rows {
  readonly resident = false
  readonly #metric: Metric
  readonly #block: RowBlock
  readonly #query: QueryCode
  #positions = 0

  constructor(metric: Metric, dim: number, expectedRows: number, kernels: KernelKind | undefined) {
    const stride = codeStride(dim)
    this.#metric = metric
    this.#block = new RowBlock(dim, stride, stride * 2, expectedRows, kernels)
    this.#query = new QueryCode(metric, dim)
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
    const { kernels, u8 } = block.arena
    const to = block.rows + this.#positions * stride
    u8.fill(0, to, to + rows * stride)
    let lengths = 0
    if (isDirectional(this.#metric)) {
      lengths = HITS
      kernels.magnitudes(block.staged, dim * 4, rows, dim, lengths)
    }
    const squares = STORES_SQUARES[SCAN_FORM[this.#metric]]
    kernels.quantize(block.staged, dim * 4, rows, dim, lengths, squares, to, stride)
    block.unstage()
    this.#positions += rows
  }

  remove(position: number): void {
    this.arena.f32[this.#errorAt(position)] = REMOVED
  }

  isLive(position: number): boolean {
    return this.arena.f32[this.#errorAt(position)] !== REMOVED
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
    return this.#query.set(query, this.arena.i16, this.#block.query / 2)
  }

  scan(from: number, to: number, least: number, most: number, allowed: number): number {
    const { kernels } = this.arena
    const { query, rows, stride } = this.#block
    const { distanceError, distanceRounding, perError, perLength, scale, square } = this.#query
    switch (SCAN_FORM[this.#metric]) {
      case 'distance':
        return kernels.scanCodesEuclidean(
          rows,
          stride,
          from,
          to,
          query,
          HITS,
          2 * scale,
          distanceError,
          square,
          distanceRounding,
          least,
          most,
          allowed,
        )
      case 'dot':
        return kernels.scanCodesDot(
          rows,
          stride,
          from,
          to,
          query,
          HITS,
          scale,
          perError,
          perLength,
          least,
          most,
          allowed,
        )
    }
  }

  similarity(): number {
    throw new TypeError('an index that is not resident has no floats to score')
  }

  section(): IndexSection {
    const { rows, stride } = this.#block
    return { name: 'codes', bytes: this.arena.u8.subarray(rows, rows + this.#positions * stride) }
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

  #errorAt(position: number): number {
    const { rows, stride } = this.#block
    return (rows + (position + 1) * stride) / 4 - 2
  }
}
