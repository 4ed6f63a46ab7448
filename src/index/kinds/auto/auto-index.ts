import type { KernelKind } from '../../../accelerators/kernels.ts'
import { VecError } from '../../../core/errors.ts'
import { requireMetric, type Metric } from '../../../core/metric.ts'
import type {
  Candidates,
  IndexImage,
  IndexKind,
  SearchRequest,
  VectorIndex,
} from '../../vector-index.ts'
import { createCoverIndex, restoreCoverIndex } from '../cover-tree/cover-index.ts'
import {
  coverShape,
  isTreeMetric,
  type CoverBound,
  type CoverOptions,
} from '../cover-tree/cover-options.ts'
import { createExactIndex, type ExactIndexOptions } from '../exact/exact-index.ts'
import { restoreExactIndex } from '../exact/restore.ts'
import { AUTO_RULE, type AutoRule } from './auto-rule.ts'
import { readChoice, writeChoice, type Choice } from './choice.ts'
import { refill } from './refill.ts'
import { RowSample } from './row-sample.ts'
import { firstLook, judge, percent } from './verdict.ts'

export interface AutoIndexOptions {
  readonly metric: Metric
  /** Numbers in a vector, at most 65,536. */
  readonly dim: number
  /** Of the tree, where it is chosen: see CoverOptions. */
  readonly base?: number | undefined
  readonly bound?: CoverBound | undefined
  readonly parallel?: CoverOptions['parallel']
  /** Of the scan: WASM where it runs, unless told otherwise. */
  readonly kernels?: KernelKind | undefined
}

/** What is drawn from rows that become codes, and from those of a tree, which are all at hand: rows, bytes. */
const PASSING = [1024, 1 << 22] as const
const AT_HAND = [4096, 1 << 24] as const

/** The exact scan or a cover tree, whichever answers faster on the data: decided by trying, again when they have doubled. */
export function createAutoIndex(options: AutoIndexOptions): VectorIndex {
  return new AutoIndex(options, AUTO_RULE)
}

/** Takes back what `save` of such an index gave. Throws VEC_STORAGE for anything else. */
export function restoreAutoIndex(
  image: IndexImage,
  options: Omit<AutoIndexOptions, 'metric' | 'dim'> = {},
): VectorIndex {
  return restoreByRule(image, options, AUTO_RULE)
}

export function restoreByRule(
  image: IndexImage,
  options: Omit<AutoIndexOptions, 'metric' | 'dim'>,
  rule: AutoRule,
): VectorIndex {
  const inner = restoreInner(image, options)
  const { metric, dim } = inner
  return new AutoIndex({ ...options, metric, dim }, rule, inner, readChoice(image.note))
}

function restoreInner(
  image: IndexImage,
  { kernels }: { kernels?: KernelKind | undefined },
): VectorIndex {
  switch (image.kind) {
    case 'cover':
      return restoreCoverIndex(image)
    case 'exact':
      return restoreExactIndex(image, kernels && { kernels })
    default:
      throw new VecError(
        'VEC_STORAGE',
        `not a saved index: its kind is ${String(image.kind satisfies never)}`,
      )
  }
}

/** What a rows' index may be here. */
const IS_TREE: Readonly<Record<IndexKind, boolean>> = { cover: true, exact: false }

/**
 * Begins as the scan that keeps its floats. When these outgrow it, the last moment at which all are at hand, a cheap look
 * decides whether the floats are kept (a tree, not built yet) or become codes; the first search, or `settle`, then decides
 * by a sample of all rows.
 */
export class AutoIndex implements VectorIndex {
  readonly metric: Metric
  readonly dim: number
  readonly #options: AutoIndexOptions
  readonly #rule: AutoRule
  readonly #sample: RowSample
  #inner: VectorIndex
  #choice: Choice | undefined
  /** The inner index is a tree on a first look alone. */
  #tentative: boolean
  #sampling = false
  #staged: Float32Array | undefined
  /** Of the tree's searches since the last review. */
  #searches = 0
  #visited = 0

  /** Without `inner`: an empty one. A tree without a choice is tentative. */
  constructor(
    options: AutoIndexOptions,
    rule: AutoRule,
    inner: VectorIndex = createExactIndex(scanOptions(options, 'auto')),
    choice?: Choice,
  ) {
    const { dim } = options
    const metric = requireMetric(options.metric)
    // Said now, and not when a tree is wanted first.
    if (isTreeMetric(metric)) coverShape({ ...options, metric })
    this.metric = metric
    this.dim = dim
    this.#options = options
    this.#rule = rule
    this.#inner = inner
    this.#choice = choice
    this.#tentative = IS_TREE[inner.kind] && !choice
    this.#sampling = !IS_TREE[inner.kind] && !inner.resident
    this.#sample = new RowSample(dim, ...PASSING)
  }

  get kind(): IndexKind {
    return this.#inner.kind
  }

  get positions(): number {
    return this.#inner.positions
  }

  get count(): number {
    return this.#inner.count
  }

  get bytes(): number {
    return this.#inner.bytes + this.#sample.bytes
  }

  get resident(): boolean {
    return this.#inner.resident
  }

  get worthSaving(): boolean {
    return this.#inner.worthSaving
  }

  get why(): string {
    if (!isTreeMetric(this.metric))
      return 'the dot product obeys no triangle inequality: every row is scanned'
    return this.#choice?.why ?? `${this.count} rows of ${this.dim} numbers are few: all are scanned`
  }

  /** Only while the scan answers: a tree cannot. */
  get moveLast(): ((to: number) => void) | undefined {
    const inner = this.#inner
    return inner.moveLast && (to => inner.moveLast!(to))
  }

  stage(rows: number): Float32Array {
    this.#outgrow(rows)
    return (this.#staged = this.#inner.stage(rows))
  }

  append(rows: number): number {
    const staged = this.#staged
    this.#staged = undefined
    // Memory that grew since has left the view empty: these rows are not drawn.
    if (this.#sampling && staged && staged.length >= rows * this.dim) {
      this.#sample.pass(staged, rows)
    }
    return this.#inner.append(rows)
  }

  remove(position: number): void {
    this.#inner.remove(position)
  }

  isLive(position: number): boolean {
    return this.#inner.isLive(position)
  }

  search(request: SearchRequest): Candidates {
    this.#review()
    this.settle()
    const inner = this.#inner
    const candidates = inner.search(request)
    // Few allowed rows cost a scan less, too.
    if (IS_TREE[inner.kind] && request.allowed === undefined) {
      this.#searches++
      this.#visited += candidates.visited
    }
    return candidates
  }

  similarity(position: number): number {
    return this.#inner.similarity(position)
  }

  holds(position: number, vector: Float32Array): boolean {
    return this.#inner.holds(position, vector)
  }

  row(position: number): Float32Array {
    return this.#inner.row!(position)
  }

  settle(): VectorIndex | undefined {
    const { count, dim, metric } = this
    const { bytes, manyRows, rows } = this.#rule
    if (!isTreeMetric(metric) || count < rows) return undefined
    if (count * dim * 4 <= bytes && count <= manyRows) return undefined
    if (!this.#tentative && this.#choice && count < 2 * this.#choice.rows) return undefined
    if (!this.#inner.resident) return this.#judgeFromPassing()
    this.#judgeFromAll()
    return undefined
  }

  save(): IndexImage {
    this.settle()
    const image = this.#inner.save()
    return this.#choice ? { ...image, note: writeChoice(this.#choice) } : image
  }

  dispose(): void {
    this.#sample.clear()
    this.#inner.dispose()
  }

  /** Before `rows` more: if the floats are to become codes, now is when a tree can still be made of them. */
  #outgrow(rows: number): void {
    const inner = this.#inner
    const { dim, metric } = this
    if (this.#sampling || !isTreeMetric(metric) || IS_TREE[inner.kind] || !inner.resident) return
    if ((inner.positions + rows) * dim * 4 <= this.#rule.bytes) return
    this.#sampling = true
    drawAll(inner, this.#sample)
    // It was judged by all its rows not long ago.
    if (inner.count < this.#rule.rows || (this.#choice && inner.count < 2 * this.#choice.rows))
      return
    const verdict = firstLook(...this.#evidence(this.#sample.values))
    this.#choose(verdict.why)
    if (!verdict.tree) return
    this.#becomeTree()
    this.#tentative = true
  }

  /** The floats are gone, but for those drawn while they passed. */
  #judgeFromPassing(): VectorIndex | undefined {
    const sample = this.#sample.values
    this.#sample.clear()
    this.#sampling = true
    // Hardly any row passed by since the last choice.
    if (sample.length / this.dim < this.#rule.rows) {
      this.#choose(this.#choice?.why ?? `${this.count} rows that were not looked at`)
      return undefined
    }
    // Trees of few rows are mostly visited whole: then the tree of all has to show what it can do.
    const enough = sample.length / this.dim >= PASSING[0]
    const verdict = (enough ? judge : firstLook)(...this.#evidence(sample))
    this.#choose(verdict.why)
    if (!verdict.tree) return undefined
    return new AutoIndex(this.#options, this.#rule, createCoverIndex(this.#treeOptions))
  }

  /** The floats are at hand, and so either kind. */
  #judgeFromAll(): void {
    this.#tentative = false
    const sample = new RowSample(this.dim, ...AT_HAND)
    drawAll(this.#inner, sample)
    const verdict = judge(...this.#evidence(sample.values))
    this.#choose(verdict.why)
    if (verdict.tree) this.#becomeTree()
    else this.#becomeScan()
  }

  /** What the queries really cost: they may be nothing like the rows. */
  #review(): void {
    if (this.#searches < this.#rule.review) return
    const share = this.#visited / (this.#searches * Math.max(1, this.count))
    if (share * this.#rule.visitCost > this.#rule.tooDear) {
      const why = `${this.count} rows: ${this.#searches} searches visited ${percent(share)} of a tree; it pays below ${percent(1 / this.#rule.visitCost)}`
      this.#choose(why)
      this.#becomeScan()
    }
    this.#searches = this.#visited = 0
  }

  #evidence(sample: Float32Array): Parameters<typeof judge> {
    return [this.#treeOptions, this.#rule, sample, this.count, this.#options.kernels]
  }

  get #treeOptions(): CoverOptions {
    const { base, bound, dim, metric, parallel } = this.#options
    return { metric, dim, base, bound, parallel }
  }

  #choose(why: string): void {
    this.#choice = { rows: this.count, why }
  }

  #becomeTree(): void {
    if (!IS_TREE[this.kind]) this.#become(createCoverIndex(this.#treeOptions))
  }

  #becomeScan(): void {
    if (IS_TREE[this.kind]) this.#become(createExactIndex(scanOptions(this.#options, 'auto')))
  }

  #become(to: VectorIndex): void {
    const from = this.#inner
    refill(from, to)
    from.dispose()
    this.#inner = to
    this.#sample.clear()
    this.#sampling = !IS_TREE[to.kind] && !to.resident
    this.#searches = this.#visited = 0
  }
}

function scanOptions(options: AutoIndexOptions, resident: false | 'auto'): ExactIndexOptions {
  const { dim, kernels, metric } = options
  return kernels ? { metric, dim, resident, kernels } : { metric, dim, resident }
}

/** Draws from the live rows of an index that has their floats. */
function drawAll(index: VectorIndex, sample: RowSample): void {
  for (let position = 0; position < index.positions; position++) {
    if (!index.isLive(position)) continue
    sample.pass(index.row!(position), 1)
  }
}
