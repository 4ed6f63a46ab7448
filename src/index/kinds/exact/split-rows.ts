import { align16, HITS, LISTED } from '../../../accelerators/arena.ts'
import type { Arena } from '../../../accelerators/arena.ts'
import { HITS_BYTES } from '../../../accelerators/kernels.ts'
import type { KernelKind } from '../../../accelerators/kernels.ts'
import { isDirectional, type Metric } from '../../../core/metric.ts'
import { copySection, MAX_STAGED_ROWS, sectionLength } from '../../vector-index.ts'
import type { IndexSection } from '../../vector-index.ts'
import { codeStride } from './code-rows.ts'
import { QueryCode } from './query-code.ts'
import { RowBlock } from './row-block.ts'
import { REMOVED, sameBytes } from './rows.ts'
import type { Rows } from './rows.ts'
import { SCAN_FORM, STORES_SQUARES } from './scan-form.ts'

/** Bytes behind the codes of a head: scale f32, error bf16, norm of the tail u16, length f32 or sum of squares i32. */
const HEAD_META = 12
/** REMOVED as the upper half of a float32. */
const REMOVED_HALF = 0xff80
/** From here on splitting pays: below, a head would be nearly the whole row. */
export const SPLIT_DIM = 96
/** Stretches that are read whole after one whose heads dropped less than half of it. */
const PAUSE = 3

export interface SplitLayout {
  /** Codes of a head, a multiple of 16. */
  readonly headCodes: number
  readonly headStride: number
  readonly tailStride: number
  /** A group has 2^groupBits rows. */
  readonly groupBits: number
  /** Bytes of a group. */
  readonly groupBytes: number
}

/**
 * The head of 100 dimensions must hold most of them to drop 99 rows of 100, that of 768 a third; a group's heads take about
 * 64 KiB.
 */
export function splitLayout(dim: number): SplitLayout {
  const headCodes = 16 * Math.round((dim * 0.28 + 52) / 16)
  const headStride = headCodes + HEAD_META
  const tailStride = Math.ceil((dim - headCodes) / 4) * 4 + 4
  const groupBits = Math.max(5, Math.floor(Math.log2(98304 / headStride)))
  const groupBytes = (headStride + tailStride) * 2 ** groupBits
  return { headCodes, headStride, tailStride, groupBits, groupBytes }
}

/**
 * int8 rows in two parts. A scan reads the heads, which say what the whole row can reach at most, and then the tails of
 * the few that can reach enough: 92 of 116 bytes a row at 100 dimensions, 284 of 784 at 768.
 */
export class SplitRows implements Rows {
  readonly resident = false
  readonly #metric: Metric
  readonly #layout: SplitLayout
  readonly #block: RowBlock
  readonly #query: QueryCode
  #positions = 0
  #tailLength = 0
  /** Stretches to come that are read whole. */
  #pause = 0

  constructor(metric: Metric, dim: number, expectedRows: number, kernels: KernelKind | undefined) {
    const layout = splitLayout(dim)
    const { headCodes, headStride, tailStride } = layout
    this.#metric = metric
    this.#layout = layout
    const queryBytes = 2 * (headCodes + align16(tailStride - 4))
    const rows = this.#wholeGroups(expectedRows)
    this.#block = new RowBlock(dim, headStride + tailStride, queryBytes, rows, kernels)
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
    const { dim } = block
    const { groupBits, headCodes, tailStride } = this.#layout
    block.prepare(this.#positions, rows)
    block.ensure(this.#wholeGroups(this.#positions + rows))
    const { kernels, u8 } = block.arena
    const cosine = isDirectional(this.#metric)
    if (cosine) kernels.magnitudes(block.staged, dim * 4, rows, dim, HITS)
    const squares = STORES_SQUARES[SCAN_FORM[this.#metric]]
    // Whole rows first, where the hits of a scan would stand, behind the lengths.
    const scratch = HITS + MAX_STAGED_ROWS * 8
    const stride = codeStride(dim)
    const batch = Math.floor((HITS_BYTES - MAX_STAGED_ROWS * 8) / stride)
    for (let done = 0; done < rows; done += batch) {
      const count = Math.min(batch, rows - done)
      u8.fill(0, scratch, scratch + count * stride)
      const from = block.staged + done * dim * 4
      const lengths = cosine ? HITS + done * 8 : 0
      kernels.quantize(from, dim * 4, count, dim, lengths, squares, scratch, stride)
      const to = this.#positions + done
      kernels.splitRows(
        scratch,
        stride,
        count,
        dim,
        block.rows,
        groupBits,
        headCodes,
        tailStride,
        to,
      )
    }
    block.unstage()
    this.#positions += rows
  }

  remove(position: number): void {
    const { f32, u32 } = this.arena
    const meta = (this.#head(position) + this.#layout.headCodes) / 4
    u32[meta + 1] = (u32[meta + 1] & 0xffff0000) | REMOVED_HALF
    f32[this.#errorAt(position)] = REMOVED
  }

  isLive(position: number): boolean {
    return this.arena.f32[this.#errorAt(position)] !== REMOVED
  }

  same(one: number, other: number): boolean {
    const { headStride, tailStride } = this.#layout
    const { u8 } = this.arena
    return (
      sameBytes(u8, this.#head(one), this.#head(other), headStride) &&
      sameBytes(u8, this.#tail(one), this.#tail(other), tailStride)
    )
  }

  moveLast(to: number): void {
    const { headStride, tailStride } = this.#layout
    const { u8 } = this.arena
    const last = --this.#positions
    u8.copyWithin(this.#head(to), this.#head(last), this.#head(last) + headStride)
    u8.copyWithin(this.#tail(to), this.#tail(last), this.#tail(last) + tailStride)
  }

  setQuery(query: Float32Array): boolean {
    const { i16 } = this.arena
    const at = this.#block.query / 2
    this.#pause = 0
    if (!this.#query.set(query, i16, at)) return false
    let squares = 0
    for (let i = this.#layout.headCodes; i < query.length; i++) squares += i16[at + i] ** 2
    // 2^-16 covers the roundings of root, product and sum: docs/exact-index.md, "Heads and tails".
    this.#tailLength = Math.sqrt(squares) * (1 + 2 ** -16)
    return true
  }

  // The arguments of the kernels are written out: spread ones cost 4 % of a search.
  scan(from: number, to: number, least: number, most: number, allowed: number): number {
    // Without a threshold every row is a hit.
    const judge = least > -Infinity
    switch (SCAN_FORM[this.#metric]) {
      case 'distance': {
        const count = judge
          ? this.#headsEuclidean(from, to, least, allowed)
          : this.#list(from, to, allowed)
        if (judge) this.#notice(count, to - from)
        return this.#tailsEuclidean(count, least, most)
      }
      case 'dot': {
        const count = judge
          ? this.#headsDot(from, to, least, allowed)
          : this.#list(from, to, allowed)
        if (judge) this.#notice(count, to - from)
        return this.#tailsDot(count, least, most)
      }
    }
  }

  #headsDot(from: number, to: number, least: number, allowed: number): number {
    const { groupBits, headCodes, tailStride } = this.#layout
    const { query, rows } = this.#block
    const { perError, perLength, scale } = this.#query
    return this.arena.kernels.scanHeadsDot(
      rows,
      groupBits,
      headCodes,
      tailStride,
      from,
      to,
      query,
      LISTED,
      this.#whole,
      this.#mostTail,
      scale,
      perError,
      perLength,
      least,
      allowed,
    )
  }

  #headsEuclidean(from: number, to: number, least: number, allowed: number): number {
    const { groupBits, headCodes, tailStride } = this.#layout
    const { query, rows } = this.#block
    const { distanceError, distanceRounding, scale, square } = this.#query
    return this.arena.kernels.scanHeadsEuclidean(
      rows,
      groupBits,
      headCodes,
      tailStride,
      from,
      to,
      query,
      LISTED,
      this.#whole,
      this.#mostTail,
      2 * scale,
      distanceError,
      square,
      distanceRounding,
      least,
      allowed,
    )
  }

  #tailsDot(count: number, least: number, most: number): number {
    const { groupBits, headCodes, tailStride } = this.#layout
    const { query, rows } = this.#block
    const { perError, perLength, scale } = this.#query
    return this.arena.kernels.scanTailsDot(
      rows,
      groupBits,
      headCodes,
      tailStride,
      LISTED,
      count,
      query,
      HITS,
      scale,
      perError,
      perLength,
      least,
      most,
    )
  }

  #tailsEuclidean(count: number, least: number, most: number): number {
    const { groupBits, headCodes, tailStride } = this.#layout
    const { query, rows } = this.#block
    const { distanceError, distanceRounding, scale, square } = this.#query
    return this.arena.kernels.scanTailsEuclidean(
      rows,
      groupBits,
      headCodes,
      tailStride,
      LISTED,
      count,
      query,
      HITS,
      2 * scale,
      distanceError,
      square,
      distanceRounding,
      least,
      most,
    )
  }

  /** 1: this stretch is read whole. */
  get #whole(): number {
    return this.#pause > 0 ? 1 : 0
  }

  /** What a unit of a tail's norm can add to a dot. */
  get #mostTail(): number {
    return this.#pause > 0 ? 0 : this.#tailLength
  }

  similarity(): number {
    throw new TypeError('an index that is not resident has no floats to score')
  }

  section(): IndexSection {
    const { groupBytes, groupBits, headStride, tailStride } = this.#layout
    const { rows } = this.#block
    const { u8 } = this.arena
    const size = this.#wholeGroups(this.#positions)
    // What was never written in the last group may hold anything.
    const unused = size - this.#positions
    if (unused > 0) {
      const head = this.#head(this.#positions)
      const tail = this.#tail(this.#positions)
      u8.fill(0, head, head + unused * headStride)
      u8.fill(0, tail, tail + unused * tailStride)
    }
    const bytes = (size / 2 ** groupBits) * groupBytes
    return { name: 'split', bytes: u8.subarray(rows, rows + bytes) }
  }

  /** Takes over a saved section. */
  load(section: IndexSection, positions: number): void {
    this.#block.ensure(this.#wholeGroups(positions))
    const { rows } = this.#block
    copySection(section, this.arena.u8.subarray(rows, rows + sectionLength(section)))
    this.#positions = positions
  }

  dispose(): void {
    this.#block.dispose()
  }

  /** Heads that drop less than half cost more than they save. */
  #notice(count: number, size: number): void {
    if (this.#pause > 0) this.#pause--
    else if (count * 2 > size) this.#pause = PAUSE
  }

  /** Lists from..to-1 for the tails. */
  #list(from: number, to: number, allowed: number): number {
    const { u32 } = this.arena
    let at = LISTED / 4
    for (let position = from; position < to; position++) {
      const offset = position - from
      if (allowed !== 0 && !(u32[allowed / 4 + (offset >>> 5)] & (1 << (offset & 31)))) continue
      u32[at++] = position
    }
    return at - LISTED / 4
  }

  #wholeGroups(rows: number): number {
    const group = 2 ** this.#layout.groupBits
    return Math.ceil(rows / group) * group
  }

  #head(position: number): number {
    const { groupBits, groupBytes, headStride } = this.#layout
    const group = this.#block.rows + (position >>> groupBits) * groupBytes
    return group + (position & (2 ** groupBits - 1)) * headStride
  }

  #tail(position: number): number {
    const { groupBits, groupBytes, headStride, tailStride } = this.#layout
    const group = this.#block.rows + (position >>> groupBits) * groupBytes
    return group + headStride * 2 ** groupBits + (position & (2 ** groupBits - 1)) * tailStride
  }

  #errorAt(position: number): number {
    return (this.#tail(position) + this.#layout.tailStride) / 4 - 1
  }
}
