import { bitsOf } from '../../../../core/bit-count.ts'
import { VecError } from '../../../../core/errors.ts'
import type { Metric } from '../../../../core/metric.ts'
import type { Clusters, ClusterUse, Promised, Skipped, SkippingFacts } from '../../../clusters.ts'
import type {
  Candidates,
  IndexSection,
  SearchRequest,
  StoredSection,
} from '../../../vector-index.ts'
import type { CodedRows } from '../rows.ts'
import { Calibration } from './calibration.ts'
import type { Centroids } from './centroids.ts'
import { CLUSTER_RULE, type ClusterRule } from './cluster-rule.ts'
import { ClusterSearch } from './cluster-search.ts'
import { ClusterSkipping } from './cluster-skipping.ts'
import { blockFor, ClusterSlots, slotsFor } from './cluster-slots.ts'
import { clusterSpaceOf } from './cluster-space.ts'
import type { ClusteredRows } from './clustered-rows.ts'
import { CopiedRows } from './copied-rows.ts'
import { assignerOf, type Assigner } from './grouped-centroids.ts'
import { kMeans, type Sample } from './k-means.ts'
import { ListedRows } from './listed-rows.ts'
import { recallTrials, type Groups } from './recall-trials.ts'
import { drawSample } from './row-sample.ts'
import { loadClusters, NONE, saveClusters } from './saved-clusters.ts'
import { mayPay } from './skip-forecast.ts'

/** Numbers of rows that calibrations are made for: a search uses the first that is not smaller than what it wants. */
const CALIBRATED: readonly number[] = [10, 100]
/** A wish for hardly more rows, as rows that were changed are left out, is the same. */
const HARDLY_MORE = 1.05
/** Rows that are taken in a millisecond. */
const TAKEN = 4096

/** The rows of an exact index by the nearest of many centroids. */
export class RowClusters implements Clusters {
  version = 0
  readonly #rows: CodedRows
  readonly #metric: Metric
  readonly #rule: ClusterRule
  readonly #calibrations = new Map<number, Calibration>()
  /** Numbers of rows that calibrations are wanted for. */
  readonly #wanted = new Set<number>([CALIBRATED[0]])
  #centroids: Centroids | undefined
  #groups: Groups | undefined
  readonly #uses = new Set<ClusterUse>()
  /** Undefined until an exact search needs it, and when clusters have turned out not to pay for these. */
  #skipping: ClusterSkipping | undefined
  /** What is known of exact searches, once it is. */
  #facts: SkippingFacts | undefined
  /** Whether a later process will use them. */
  #isKept = false
  /** The cluster of each position before `#assigned`. */
  #clusterOf = new Uint16Array(0)
  /** Rows of the batch being assigned. It is reused: an array per batch left over 1 GB of garbage at 10,000,000 rows. */
  #staged = new Float32Array(0)
  #assigned = 0
  /** Positions before this one are among the clustered ones. */
  #taken = 0
  #work: Generator<void> | undefined
  #builtRows = 0
  #changes = 0
  /** The memory that they may take. */
  #space: number

  /** `rows`: those of the index. */
  constructor(
    rows: CodedRows,
    metric: Metric,
    rule: ClusterRule = CLUSTER_RULE,
    space: number = Infinity,
  ) {
    this.#space = space
    this.#rows = rows
    this.#metric = metric
    this.#rule = rule
  }

  /** As `Clustering.restore`. */
  static restore(
    sections: ReadonlyMap<string, IndexSection | StoredSection>,
    rows: CodedRows,
    metric: Metric,
    rule: ClusterRule = CLUSTER_RULE,
    space: number = Infinity,
  ): RowClusters | undefined {
    const { dim, positions } = rows.block
    const saved = loadClusters(sections, clusterSpaceOf(metric), dim, positions)
    if (!saved) return undefined
    const clusters = new RowClusters(rows, metric, rule, space)
    clusters.#centroids = saved.centroids
    clusters.#clusterOf = saved.clusterOf
    clusters.#assigned = positions
    clusters.#builtRows = saved.builtRows
    clusters.#changes = saved.changes
    clusters.#isKept = true
    for (const calibration of saved.calibrations) {
      clusters.#calibrations.set(calibration.k, calibration)
    }
    clusters.want(clusters.#calibrations.size > 0 ? 'recall' : 'exact')
    return clusters
  }

  get bytes(): number {
    const centroids = this.#centroids?.bytes ?? 0
    const copy = (this.#groups?.clustered.bytes ?? 0) + (this.#skipping?.bytes ?? 0)
    return centroids + copy + this.#clusterOf.byteLength
  }

  get count(): number {
    return this.#centroids?.count ?? 0
  }

  get rows(): number {
    return this.#groups?.clustered.slots.count ?? 0
  }

  get ready(): boolean {
    return this.#groups !== undefined && this.#taken === this.#rows.block.positions
  }

  get due(): boolean {
    if (this.#uses.has('exact') && !this.#facts) return true
    if (!this.#isWorthMaking) return false
    return !this.ready || this.#uncalibrated.length > 0
  }

  get outgrown(): boolean {
    return this.#changes > this.#builtRows * this.#rule.outgrown
  }

  get skipping(): SkippingFacts | undefined {
    return this.#facts
  }

  want(use: ClusterUse, space: number = this.#space): void {
    this.#uses.add(use)
    this.#space = space
  }

  step(): boolean {
    this.#work ??= this.#everything()
    if (this.#work.next().done !== true) return true
    this.#work = undefined
    return false
  }

  added(count: number): void {
    this.#changes += count
    const { positions } = this.#rows.block
    const first = positions - count
    if (this.#centroids && this.#assigned >= first) this.#assignTo(positions, this.#centroids)
    if (this.#groups && this.#taken >= first) this.#takeTo(positions, this.#groups)
  }

  removed(position: number): void {
    this.#changes++
    if (position < this.#assigned) this.#clusterOf[position] = NONE
    this.#groups?.clustered.remove(position)
  }

  moved(from: number, to: number): void {
    const assigned = this.#assigned
    if (to < assigned) {
      this.#clusterOf[to] = from < assigned ? this.#clusterOf[from] : this.#nearest(to)
      this.#assigned = Math.min(assigned, from)
    }
    if (this.#groups && to < this.#taken) {
      if (from < this.#taken) this.#groups.clustered.move(from, to)
      else this.#take(to, this.#groups)
      this.#taken = Math.min(this.#taken, from)
    }
  }

  promise(
    recall: number,
    { k, allowed, maxSimilarity = Infinity }: Omit<SearchRequest, 'query'>,
  ): Promised | undefined {
    // Of rows of which a part may be found the k best are among the more of all. Rows that are gone may count as allowed.
    const wanted = allowed ? k * (this.#rows.block.positions / bitsOf(allowed)) : k
    const calibrated = CALIBRATED.find(most => wanted <= most * HARDLY_MORE)
    if (calibrated === undefined || recall >= 1 || maxSimilarity !== Infinity) return undefined
    this.#wanted.add(calibrated)
    const promised = this.#calibrations.get(calibrated)?.promise(recall, this.#most)
    return !promised || promised.expensive ? undefined : promised
  }

  get promises(): readonly Promised[] {
    return [...this.#calibrations.values()].flatMap(each => each.promises(this.#most))
  }

  search(request: SearchRequest, { limits }: Promised): Candidates | undefined {
    // Fewer rows than calibrated for are found with the margin of more.
    const k = Math.max(request.k, CALIBRATED[0])
    return this.#groups?.search.search({ ...request, k }, limits)
  }

  skip(request: SearchRequest): Skipped | undefined {
    if (!this.#skipping?.facts?.pays || !this.ready) return undefined
    const { allowed } = request
    return this.#skipping.search(request, allowed ? bitsOf(allowed) : this.rows)
  }

  save(): IndexSection[] {
    const { positions } = this.#rows.block
    if (!this.#isKept || !this.#centroids || this.#assigned < positions) return []
    return saveClusters({
      centroids: this.#centroids,
      clusterOf: this.#clusterOf.subarray(0, positions),
      builtRows: this.#builtRows,
      changes: this.#changes,
      calibrations: [...this.#calibrations.values()],
    })
  }

  dispose(): void {
    this.#groups?.clustered.dispose()
    this.#groups = this.#skipping = undefined
    this.#work = undefined
  }

  get #most(): number {
    return (this.#rule.expensive * this.rows) / (this.#groups?.clustered.cost ?? 1)
  }

  /** All that is to be done, in parts of a few milliseconds. Rows may change between them. */
  *#everything(): Generator<void> {
    if (this.#mayPayForExact) yield* this.#forecast()
    if (this.#isWorthMaking) yield* this.#make()
    const groups = this.#groups
    if (!groups) return
    if (this.#mayPayForExact) yield* this.#tryExact(groups)
    for (const k of this.#uncalibrated) {
      const trials = yield* recallTrials(k, this.#rows, groups, this.#rule)
      this.#calibrations.set(k, Calibration.of(k, trials))
      this.version++
    }
  }

  get #mayPayForExact(): boolean {
    return this.#uses.has('exact') && !this.#facts
  }

  /** Exact searches alone are not worth clusters that do not help them. */
  get #isWorthMaking(): boolean {
    return this.#uses.has('recall') || (this.#uses.has('exact') && this.#facts?.pays !== false)
  }

  /** Numbers of rows that calibrations are missing for. */
  get #uncalibrated(): number[] {
    if (!this.#uses.has('recall')) return []
    return [...this.#wanted].filter(k => !this.#calibrations.has(k))
  }

  *#forecast(): Generator<void> {
    const { dim, positions } = this.#rows.block
    const space = clusterSpaceOf(this.#metric)!
    const isLarge = positions * dim >= this.#rule.exact.numbers
    if (isLarge && (yield* mayPay(this.#rows, space, this.#rule))) return
    this.#facts = { trials: 0, visited: 1, clusters: 0, pays: false }
    // After many changes there will be another forecast.
    if (this.#builtRows === 0) this.#isBuilt()
  }

  #isBuilt(): void {
    this.#builtRows = Math.max(1, this.#rows.block.positions)
    this.#changes = 0
  }

  /** Finds clusters, and takes the rows into them. */
  *#make(): Generator<void> {
    const rows = this.#rows
    const isNew = !this.#centroids
    this.#centroids ??= yield* this.#findCentroids()
    const centroids = this.#centroids
    if (this.#assigned < rows.block.positions) {
      const assigner = yield* assignerOf(centroids)
      while (this.#assigned < rows.block.positions) {
        this.#assignTo(Math.min(rows.block.positions, this.#assigned + assigner.batch), assigner)
        yield
      }
    }
    if (isNew) this.#isBuilt()
    if (this.#uses.has('recall')) this.#keep()
    this.#groups ??= this.#emptyGroups(centroids)
    while (this.#taken < rows.block.positions) {
      this.#takeTo(Math.min(rows.block.positions, this.#taken + TAKEN), this.#groups)
      yield
    }
  }

  #keep(): void {
    if (this.#isKept) return
    this.#isKept = true
    this.version++
  }

  /** Whether exact searches skip clusters is decided by trials. Those that nothing needs are gone. */
  *#tryExact({ centroids, clustered }: Groups): Generator<void> {
    this.#skipping = new ClusterSkipping(centroids, clustered, this.#metric, this.#rule.exact)
    yield* this.#skipping.measure()
    this.#facts = this.#skipping.facts
    if (this.#facts?.pays) {
      this.#keep()
      return
    }
    this.#skipping = undefined
    if (this.#uses.has('recall')) return
    clustered.dispose()
    this.#groups = this.#centroids = undefined
    this.#clusterOf = new Uint16Array(0)
    this.#assigned = this.#taken = 0
    if (this.#isKept) this.version++
    this.#isKept = false
  }

  *#findCentroids(): Generator<void, Centroids> {
    const rows = this.#rows
    const space = clusterSpaceOf(this.#metric)!
    const { dim, positions } = rows.block
    const isForExact = this.#mayPayForExact
    const { density, sampleRows } = isForExact ? this.#rule.exact : this.#rule
    const { sampleBytes } = this.#rule
    const count = Math.min(NONE - 1, Math.ceil(Math.sqrt(positions) * density))
    const sample: Sample = yield* drawSample(rows, space, { sampleBytes, sampleRows }, count)
    return yield* kMeans(space, sample, dim, count, isForExact)
  }

  #emptyGroups(centroids: Centroids): Groups {
    const { positions } = this.#rows.block
    const { count } = centroids
    const blockRows = blockFor(positions / count)
    const slots = new ClusterSlots(count, blockRows, positions)
    const clustered = this.#copied(slots) ?? new ListedRows(this.#rows, slots)
    return { centroids, clustered, search: new ClusterSearch(centroids, clustered) }
  }

  /** A copy of the rows, which is searched sooner; undefined: there is no memory for it. */
  #copied(slots: ClusterSlots): ClusteredRows | undefined {
    const { bytes, positions } = this.#rows.block
    if (bytes > Math.min(this.#rule.mostBytes, this.#space)) return undefined
    const wanted = slotsFor(positions, slots.clusters, slots.blockRows)
    try {
      return new CopiedRows(this.#rows, this.#rows.like(wanted), slots)
    } catch (error) {
      if (error instanceof VecError && error.code === 'VEC_MEMORY') return undefined
      throw error
    }
  }

  /** Finds the clusters of the positions from `#assigned` to `end`. */
  #assignTo(end: number, assigner: Assigner): void {
    const rows = this.#rows
    const { dim } = rows.block
    if (end > this.#clusterOf.length) {
      const longer = new Uint16Array(Math.ceil(Math.max(end, rows.block.positions) * 1.1)).fill(
        NONE,
      )
      longer.set(this.#clusterOf)
      this.#clusterOf = longer
    }
    const staged = Math.min(assigner.batch, end - this.#assigned)
    if (this.#staged.length < staged * dim) this.#staged = new Float32Array(staged * dim)
    const nearest = new Uint32Array(staged)
    while (this.#assigned < end) {
      const first = this.#assigned
      const count = Math.min(assigner.batch, end - first)
      for (let i = 0; i < count; i++) {
        rows.decode(first + i, this.#staged.subarray(i * dim, (i + 1) * dim))
      }
      assigner.assign(this.#staged, count, nearest)
      for (let i = 0; i < count; i++) {
        this.#clusterOf[first + i] = rows.isLive(first + i) ? nearest[i] : NONE
      }
      this.#assigned += count
    }
  }

  #nearest(position: number): number {
    const vector = new Float32Array(this.#rows.block.dim)
    const nearest = new Uint32Array(1)
    this.#rows.decode(position, vector)
    this.#centroids!.assign(vector, 1, nearest)
    return nearest[0]
  }

  #takeTo(end: number, groups: Groups): void {
    while (this.#taken < end) this.#take(this.#taken++, groups)
  }

  #take(position: number, { clustered }: Groups): void {
    if (!this.#rows.isLive(position)) return
    // What was saved may not know a row.
    if (this.#clusterOf[position] === NONE) this.#clusterOf[position] = this.#nearest(position)
    const cluster = this.#clusterOf[position]
    clustered.add(position, cluster)
    this.#skipping?.added(this.#rows, position, cluster)
  }
}
