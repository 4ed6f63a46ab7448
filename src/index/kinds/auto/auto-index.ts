import { lateKinds } from '#late-kinds'
import type { AcceleratorName } from '../../../accelerators/accelerator.ts'
import { VecError } from '../../../core/errors.ts'
import { metricOf, requireMetric, type Metric } from '../../../core/metric.ts'
import { searchTogether, type BatchIndex } from '../../search-batch.ts'
import type { BatchRequest, SearchBatch } from '../../search-batch.ts'
import { addVectors } from '../../vector-index.ts'
import type {
  Candidates,
  IndexImage,
  IndexKind,
  IndexStrategy,
  Lending,
  InMemoryVectors,
  SearchRequest,
  VectorIndex,
} from '../../vector-index.ts'
import { coverShape, type CoverBound, type CoverOptions } from '../cover-tree/cover-options.ts'
import { createExactIndex, type ExactIndexOptions } from '../exact/exact-index.ts'
import { restoreExactIndex } from '../exact/restore.ts'
import { AUTO_RULE, type AutoRule } from './auto-rule.ts'
import type { decide as Decide } from './decision.ts'
import { percent } from './percent.ts'
import { readPlan, writePlan, type Plan } from './plan.ts'
import { refill } from './refill.ts'
import { Reservoir } from './reservoir.ts'

export interface AutoIndexOptions {
  readonly metric: Metric
  /** The dimension of the vectors, at most 65,536. */
  readonly dim: number
  /** For the tree, if it is chosen: see CoverOptions. */
  readonly base?: number | undefined
  readonly bound?: CoverBound | undefined
  /** For the scan; default: SIMD if the runtime supports it. */
  readonly kernels?: AcceleratorName | undefined
}

/**
 * The size of the sample (rows, bytes) drawn from rows that become codes, and from rows of a tree, which are all in
 * memory.
 */
const PASSING = [1024, 1 << 22] as const
const AT_HAND = [4096, 1 << 24] as const

/**
 * The exact scan or a cover tree, whichever answers faster on the data. Decided by a trial, and again when the rows
 * have doubled.
 */
export function createAutoIndex(options: AutoIndexOptions): VectorIndex {
  return new AutoIndex(options, AUTO_RULE)
}

/** Restores such an index from its image. Throws VEC_STORAGE for any other image. */
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
  const inner = restoreChosen(image, options)
  const { metric, dim } = inner
  return new AutoIndex({ ...options, metric, dim }, rule, inner, readPlan(image.note))
}

type RestoreOptions = Pick<AutoIndexOptions, 'kernels'>

/** How to restore an image of each kind that may be chosen, and whether that kind is a tree. */
const CHOICES: Readonly<
  Record<
    IndexKind,
    { tree: boolean; restore(image: IndexImage, options: RestoreOptions): VectorIndex }
  >
> = {
  exact: {
    tree: false,
    restore: (image, { kernels }) => restoreExactIndex(image, kernels && { kernels }),
  },
  cover: { tree: true, restore: image => lateKinds.needed.restoreCoverIndex(image) },
}

/**
 * Begins as the scan that keeps its floats. When these outgrow it, all floats are in memory for the last time. A cheap
 * check then decides whether they are kept (for a tree that is not built yet) or become codes. The first search, or
 * `choose`, then decides by a sample of all rows.
 */
export class AutoIndex implements BatchIndex, IndexStrategy {
  readonly metric: Metric
  readonly dim: number
  readonly #options: AutoIndexOptions
  readonly #rule: AutoRule
  readonly #sample: Reservoir
  #inner: VectorIndex
  #plan: Plan | undefined
  /** Whether the inner index is a tree only because of the first check. */
  #tentative: boolean
  #sampling = false
  #staged: Float32Array | undefined
  /** The tree's searches since the last review. */
  #searches = 0
  #visited = 0

  /** Without `inner`, an empty index. A tree without a plan is tentative. */
  constructor(
    options: AutoIndexOptions,
    rule: AutoRule,
    inner: VectorIndex = createExactIndex(scanOptions(options, 'auto')),
    plan?: Plan,
  ) {
    const { dim } = options
    const metric = requireMetric(options.metric)
    // Fails now, rather than when a tree is first wanted.
    if (metricOf(metric).space) coverShape({ ...options, metric })
    this.metric = metric
    this.dim = dim
    this.#options = options
    this.#rule = rule
    this.#inner = inner
    this.#plan = plan
    this.#tentative = isTree(inner) && !plan
    this.#sampling = !isTree(inner) && !inner.inMemoryVectors
    this.#sample = new Reservoir(dim, ...PASSING)
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

  get inMemoryVectors(): InMemoryVectors | undefined {
    return this.#inner.inMemoryVectors
  }

  get strategy(): IndexStrategy {
    return this
  }

  get worthSaving(): boolean {
    return this.#inner.worthSaving
  }

  get reason(): string {
    if (!metricOf(this.metric).space) return noTree(this.metric)
    return (
      this.#plan?.reason ?? `${this.count} rows of ${this.dim} dimensions are few: all are scanned`
    )
  }

  /** Only while the scan answers; a tree cannot do it. */
  get swapRemove(): ((to: number) => void) | undefined {
    const inner = this.#inner
    return inner.swapRemove && (to => inner.swapRemove!(to))
  }

  get clustering(): VectorIndex['clustering'] {
    const inner = this.#inner
    return inner.clustering && (space => inner.clustering?.(space))
  }

  get lending(): Lending | undefined {
    const { lending } = this.#inner
    return (
      lending && {
        isLent: lending.isLent,
        changes: lending.changes,
        lend: () => this.#noted(lending.lend()),
      }
    )
  }

  add(vectors: Float32Array): number {
    return addVectors(this, vectors)
  }

  stagingBuffer(rows: number): Float32Array {
    this.#outgrow(rows)
    return (this.#staged = this.#inner.stagingBuffer(rows))
  }

  commit(rows: number): number {
    const staged = this.#staged
    this.#staged = undefined
    // Growing the memory has detached the view: these rows are not sampled.
    if (this.#sampling && staged && staged.length >= rows * this.dim) {
      this.#sample.pass(staged, rows)
    }
    return this.#inner.commit(rows)
  }

  complete(): void {
    this.#inner.complete?.()
  }

  remove(position: number): void {
    this.#inner.remove(position)
  }

  isLive(position: number): boolean {
    return this.#inner.isLive(position)
  }

  search(request: SearchRequest): Candidates {
    this.#review()
    this.choose()
    const inner = this.#inner
    const candidates = inner.search(request)
    // With few allowed rows, a scan costs less, too.
    if (isTree(inner) && request.allowed === undefined) {
      this.#searches++
      this.#visited += candidates.visited
    }
    return candidates
  }

  searchTogether(request: BatchRequest): SearchBatch | undefined {
    this.#review()
    this.choose()
    return searchTogether(this.#inner, request)
  }

  holds(position: number, vector: Float32Array): boolean {
    return this.#inner.holds(position, vector)
  }

  choose(): VectorIndex | undefined {
    const { count, dim, metric } = this
    const { bytes, manyRows, rows } = this.#rule
    if (!metricOf(metric).space || count < rows) return undefined
    if (count * dim * 4 <= bytes && count <= manyRows) return undefined
    if (!this.#tentative && this.#plan && count < 2 * this.#plan.rows) return undefined
    if (!lateKinds.wanted) return undefined
    if (!this.#inner.inMemoryVectors) return this.#decideFromPassing()
    this.#decideFromAll()
    return undefined
  }

  save(): IndexImage {
    this.choose()
    return this.#noted(this.#inner.save())
  }

  dispose(): void {
    this.#sample.clear()
    this.#inner.dispose()
  }

  #noted<I extends IndexImage | undefined>(image: I): I {
    return image && this.#plan ? { ...image, note: writePlan(this.#plan) } : image
  }

  /**
   * Called before `rows` more are added: if the floats are to become codes, this is the last chance to keep them for a
   * tree.
   */
  #outgrow(rows: number): void {
    const inner = this.#inner
    const { dim, metric } = this
    if (this.#sampling || !metricOf(metric).space || isTree(inner) || !inner.inMemoryVectors) return
    if ((inner.positions + rows) * dim * 4 <= this.#rule.bytes) return
    this.#sampling = true
    drawAll(inner, this.#sample)
    // A recent decision was based on all rows.
    if (inner.count < this.#rule.rows || (this.#plan && inner.count < 2 * this.#plan.rows)) return
    // Without the code, the rows become codes, and the sample decides later.
    const code = lateKinds.wanted
    if (!code) return
    const decision = code.firstLook(...this.#evidence(this.#sample.values))
    this.#decided(decision.reason)
    if (!decision.tree) return
    this.#becomeTree()
    this.#tentative = true
  }

  /** Decides when the floats are gone, from the rows sampled while they passed. */
  #decideFromPassing(): VectorIndex | undefined {
    const sample = this.#sample.values
    this.#sample.clear()
    this.#sampling = true
    // Too few rows have passed since the last decision.
    if (sample.length / this.dim < this.#rule.rows) {
      this.#decided(this.#plan?.reason ?? `${this.count} rows that were not analyzed`)
      return undefined
    }
    // Trees of few rows are mostly visited whole. The tree of all rows then has to prove itself.
    const enough = sample.length / this.dim >= PASSING[0]
    const { decide, firstLook } = lateKinds.needed
    const decision = (enough ? decide : firstLook)(...this.#evidence(sample))
    this.#decided(decision.reason)
    if (!decision.tree) return undefined
    return new AutoIndex(
      this.#options,
      this.#rule,
      lateKinds.needed.createCoverIndex(this.#treeOptions),
    )
  }

  /** Decides while the floats are in memory, so that either kind can be built. */
  #decideFromAll(): void {
    this.#tentative = false
    const sample = new Reservoir(this.dim, ...AT_HAND)
    drawAll(this.#inner, sample)
    const decision = lateKinds.needed.decide(...this.#evidence(sample.values))
    this.#decided(decision.reason)
    if (decision.tree) this.#becomeTree()
    else this.#becomeScan()
  }

  /** Reviews the real cost of queries, which may be very different from the rows. */
  #review(): void {
    if (this.#searches < this.#rule.review) return
    const share = this.#visited / (this.#searches * Math.max(1, this.count))
    if (share * this.#rule.visitCost > this.#rule.tooDear) {
      const reason = `${this.count} rows: ${this.#searches} searches visited ${percent(share)} of a tree, which pays off below ${percent(1 / this.#rule.visitCost)}`
      this.#decided(reason)
      this.#becomeScan()
    }
    this.#searches = this.#visited = 0
  }

  #evidence(sample: Float32Array): Parameters<typeof Decide> {
    return [this.#treeOptions, this.#rule, sample, this.count]
  }

  get #treeOptions(): CoverOptions {
    const { base, bound, dim, metric } = this.#options
    return { metric, dim, base, bound }
  }

  #decided(reason: string): void {
    this.#plan = { rows: this.count, reason }
  }

  #becomeTree(): void {
    if (!isTree(this)) this.#become(lateKinds.needed.createCoverIndex(this.#treeOptions))
  }

  #becomeScan(): void {
    if (isTree(this)) this.#become(createExactIndex(scanOptions(this.#options, 'auto')))
  }

  #become(to: VectorIndex): void {
    const from = this.#inner
    refill(from, to)
    from.dispose()
    this.#inner = to
    this.#sample.clear()
    this.#sampling = !isTree(to) && !to.inMemoryVectors
    this.#searches = this.#visited = 0
  }
}

function isTree({ kind }: VectorIndex): boolean {
  return CHOICES[kind].tree
}

function restoreChosen(image: IndexImage, options: RestoreOptions): VectorIndex {
  if (Object.hasOwn(CHOICES, image.kind)) return CHOICES[image.kind].restore(image, options)
  throw new VecError('VEC_STORAGE', `not a saved index: its kind is ${image.kind}`)
}

/** Why rows of a metric are always scanned. */
export function noTree(metric: Metric): string {
  return `metric=${metric} does not obey the triangle inequality: every row is scanned`
}

function scanOptions(options: AutoIndexOptions, keepsVectors: false | 'auto'): ExactIndexOptions {
  const { dim, kernels, metric } = options
  return kernels ? { metric, dim, keepsVectors, kernels } : { metric, dim, keepsVectors }
}

/** Samples the live rows of an index that has their floats. */
function drawAll(index: VectorIndex, sample: Reservoir): void {
  for (let position = 0; position < index.positions; position++) {
    if (!index.isLive(position)) continue
    sample.pass(index.inMemoryVectors!.row(position), 1)
  }
}
