import { bitsOf } from '../../../../core/bit-count.ts'
import { VecError } from '../../../../core/errors.ts'
import type { Metric } from '../../../../core/metric.ts'
import type { Clusters, Promised } from '../../../clusters.ts'
import { sectionLength } from '../../../vector-index.ts'
import type {
  Candidates,
  IndexSection,
  SearchRequest,
  StoredSection,
  VectorIndex,
} from '../../../vector-index.ts'
import type { CodedRows } from '../rows.ts'
import { Calibration, type Trial, trialLimit, UNLIMITED_TRIALS } from './calibration.ts'
import { Centroids } from './centroids.ts'
import { CLUSTER_RULE, type ClusterRule } from './cluster-rule.ts'
import { ClusterSearch } from './cluster-search.ts'
import { clusterSpaceOf } from './cluster-space.ts'
import { ClusteredRows } from './clustered-rows.ts'
import { assignerOf, type Assigner } from './grouped-centroids.ts'
import { kMeans, type Sample } from './k-means.ts'
import { drawSample, spread } from './row-sample.ts'

/** Numbers of rows that calibrations are made for: a search uses the first that is not smaller than what it wants. */
const CALIBRATED: readonly number[] = [10, 100]
/** A wish for hardly more rows, as rows that were changed are left out, is the same. */
const HARDLY_MORE = 1.05
/** No limit: all clusters are visited. */
const UNLIMITED = { margin: Infinity, nearest: -Infinity, least: -Infinity }
/** The cluster of a position without a row. */
const NONE = 0xffff
/** Rows that are copied in a millisecond. */
const COPIED = 4096

/** The sections of saved clusters. */
const HEAD = 'clusters.head'
const CENTRES = 'clusters.centres'
const ROWS = 'clusters.rows'
const TRIALS = 'clusters.trials'
/** Of the sections, and of the rule by which trials were judged. */
const FORMAT = 1

/** Whether clusters are among the sections. */
export function areClustersSaved(
  sections: ReadonlyMap<string, IndexSection | StoredSection>,
): boolean {
  return sections.has(HEAD)
}

/** Whether clusters of an exact index answer faster than a scan. */
export function suitsClusters(
  { bytes, count, dim, inMemoryVectors, metric }: VectorIndex,
  rule: ClusterRule = CLUSTER_RULE,
): boolean {
  return (
    inMemoryVectors === undefined &&
    clusterSpaceOf(metric) !== undefined &&
    count >= rule.rows &&
    count * dim >= rule.numbers &&
    bytes <= rule.mostBytes
  )
}

/** The centroids, and the rows by them, once they are copied. */
interface Groups {
  readonly centroids: Centroids
  readonly clustered: ClusteredRows
  readonly search: ClusterSearch
}

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
  /** The cluster of each position before `#assigned`. */
  #clusterOf = new Uint16Array(0)
  #assigned = 0
  /** Positions before this one have their rows among the clustered ones. */
  #copied = 0
  #work: Generator<void> | undefined
  #builtRows = 0
  #changes = 0

  /** `rows`: those of the index. */
  constructor(rows: CodedRows, metric: Metric, rule: ClusterRule = CLUSTER_RULE) {
    this.#rows = rows
    this.#metric = metric
    this.#rule = rule
  }

  /** As `Clustering.restore`. */
  static restore(
    sections: ReadonlyMap<string, IndexSection | StoredSection>,
    rows: CodedRows,
    metric: Metric,
  ): RowClusters | undefined {
    const [head, centres, members, trials] = [HEAD, CENTRES, ROWS, TRIALS].map(name =>
      sections.get(name),
    )
    if (!head || !centres || !members || !trials) return undefined
    if (sectionLength(head) !== 16) throw damaged('head')
    const [format, count, builtRows, changes] = new Uint32Array(head.bytes.slice().buffer)
    if (format !== FORMAT) return undefined
    const { dim, positions } = rows.block
    const space = clusterSpaceOf(metric)
    if (!space || count < 1 || count >= NONE) throw damaged('head')
    if (sectionLength(centres) !== Centroids.savedBytes(dim, count)) throw damaged('centres')
    if (sectionLength(members) !== positions * 2) throw damaged('rows')
    const centroids = Centroids.restore(centres.bytes, space, dim, count)
    if (!centroids) throw damaged('centres')
    const clusters = new RowClusters(rows, metric)
    clusters.#clusterOf = new Uint16Array(members.bytes.slice().buffer)
    if (clusters.#clusterOf.some(cluster => cluster >= count && cluster !== NONE)) {
      throw damaged('rows')
    }
    clusters.#centroids = centroids
    clusters.#assigned = positions
    clusters.#builtRows = builtRows
    clusters.#changes = changes
    for (const calibration of Calibration.restore(trials.bytes)) {
      clusters.#calibrations.set(calibration.k, calibration)
    }
    return clusters
  }

  get bytes(): number {
    const centroids = this.#centroids?.bytes ?? 0
    return centroids + (this.#groups?.clustered.bytes ?? 0) + this.#clusterOf.byteLength
  }

  get count(): number {
    return this.#centroids?.count ?? 0
  }

  get rows(): number {
    return this.#groups?.clustered.count ?? 0
  }

  get ready(): boolean {
    return this.#groups !== undefined && this.#copied === this.#rows.block.positions
  }

  get due(): boolean {
    return !this.ready || [...this.#wanted].some(k => !this.#calibrations.has(k))
  }

  get outgrown(): boolean {
    return this.#changes > this.#builtRows * this.#rule.outgrown
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
    if (this.#groups && this.#copied >= first) this.#copyTo(positions, this.#groups)
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
    if (this.#groups && to < this.#copied) {
      if (from < this.#copied) this.#groups.clustered.move(from, to)
      else this.#copy(to, this.#groups)
      this.#copied = Math.min(this.#copied, from)
    }
  }

  promise(
    recall: number,
    { k, allowed, maxSimilarity = Infinity }: Omit<SearchRequest, 'query'>,
  ): Promised | undefined {
    // Of rows of which a part may be found the k best are among the more of all.
    const wanted = allowed ? k * (this.rows / bitsOf(allowed)) : k
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

  save(): IndexSection[] {
    const { positions } = this.#rows.block
    if (!this.#centroids || this.#assigned < positions) return []
    const head = Uint32Array.of(FORMAT, this.#centroids.count, this.#builtRows, this.#changes)
    return [
      { name: HEAD, bytes: new Uint8Array(head.buffer) },
      { name: CENTRES, bytes: this.#centroids.save() },
      { name: ROWS, bytes: new Uint8Array(this.#clusterOf.buffer, 0, positions * 2) },
      { name: TRIALS, bytes: Calibration.save([...this.#calibrations.values()]) },
    ]
  }

  dispose(): void {
    this.#groups?.clustered.dispose()
    this.#groups = undefined
    this.#work = undefined
  }

  get #most(): number {
    return this.#rule.expensive * this.rows
  }

  /** All that is to be done, in parts of a few milliseconds. Rows may change between them. */
  *#everything(): Generator<void> {
    const rows = this.#rows
    this.#centroids ??= yield* this.#findCentroids()
    const centroids = this.#centroids
    if (this.#assigned < rows.block.positions) {
      const assigner = yield* assignerOf(centroids)
      while (this.#assigned < rows.block.positions) {
        this.#assignTo(Math.min(rows.block.positions, this.#assigned + assigner.batch), assigner)
        yield
      }
    }
    if (this.#builtRows === 0) {
      this.#builtRows = Math.max(1, rows.block.positions)
      this.#changes = 0
      this.version++
    }
    this.#groups ??= this.#emptyGroups(centroids)
    while (this.#copied < rows.block.positions) {
      this.#copyTo(Math.min(rows.block.positions, this.#copied + COPIED), this.#groups)
      yield
    }
    for (const k of this.#wanted) {
      if (this.#calibrations.has(k)) continue
      this.#calibrations.set(k, Calibration.of(k, yield* this.#trials(k, this.#groups)))
      this.version++
    }
  }

  *#findCentroids(): Generator<void, Centroids> {
    const rows = this.#rows
    const space = clusterSpaceOf(this.#metric)!
    const { dim, positions } = rows.block
    const count = Math.min(NONE - 1, Math.ceil(Math.sqrt(positions) * this.#rule.density))
    const sample: Sample = yield* drawSample(rows, space, this.#rule, count)
    return yield* kMeans(space, sample, dim, count)
  }

  #emptyGroups(centroids: Centroids): Groups {
    const { positions } = this.#rows.block
    const { count } = centroids
    const blockRows = blockOf(positions / count)
    const rows = this.#rows.like(positions + Math.ceil((count * blockRows) / 2))
    const clustered = new ClusteredRows(rows, count, blockRows)
    return { centroids, clustered, search: new ClusterSearch(centroids, clustered) }
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
    const vectors = new Float32Array(Math.min(assigner.batch, end - this.#assigned) * dim)
    const nearest = new Uint32Array(assigner.batch)
    while (this.#assigned < end) {
      const first = this.#assigned
      const count = Math.min(assigner.batch, end - first)
      for (let i = 0; i < count; i++) {
        rows.decode(first + i, vectors.subarray(i * dim, (i + 1) * dim))
      }
      assigner.assign(vectors, count, nearest)
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

  #copyTo(end: number, groups: Groups): void {
    while (this.#copied < end) this.#copy(this.#copied++, groups)
  }

  #copy(position: number, { clustered }: Groups): void {
    if (!this.#rows.isLive(position)) return
    // What was saved may not know a row.
    if (this.#clusterOf[position] === NONE) this.#clusterOf[position] = this.#nearest(position)
    clustered.add(this.#rows, position, this.#clusterOf[position])
  }

  /** Searches for rows of the index without them. */
  *#trials(k: number, groups: Groups): Generator<void, Trial[]> {
    const { trials, trialNumbers, fewestTrials } = this.#rule
    const rows = this.#rows
    const { dim, positions } = rows.block
    const affordable = Math.floor(trialNumbers / (positions * dim))
    const count = Math.min(trials, Math.max(fewestTrials, affordable))
    const query = new Float32Array(dim)
    const found: Trial[] = []
    let limit = Infinity
    // From other positions than the sample was.
    for (const position of spread(positions, count, 0.25)) {
      // Rows may have gone between two steps.
      if (position >= rows.block.positions || !rows.isLive(position)) continue
      rows.decode(position, query)
      const trial = tried(k, position, query, groups, limit)
      if (trial) found.push(trial)
      if (found.length === UNLIMITED_TRIALS) limit = trialLimit(found)
      yield
    }
    return found
  }
}

/** `limit`: clusters of a larger margin are not visited. */
function tried(
  k: number,
  own: number,
  query: Float32Array,
  groups: Groups,
  limit: number,
): Trial | undefined {
  const { centroids, clustered, search } = groups
  const marginOf = new Map<number, number>()
  const limits = { ...UNLIMITED, margin: limit }
  const found = search.search({ query, k: k + 1 }, limits, (cluster, margin) =>
    marginOf.set(cluster, margin),
  )
  if (!found) return undefined
  if (found.count <= k && limit < Infinity) return tried(k, own, query, groups, Infinity)
  const margins: number[] = []
  for (let i = 0; i < found.count && margins.length < k; i++) {
    const position = found.positions[i]
    if (position !== own) margins.push(marginOf.get(clustered.clusterAt(position))!)
  }
  return {
    margins: Float64Array.from(margins),
    nearest: Math.max(...centroids.closeness),
    least: search.leastFor(query),
    clusterMargins: Float64Array.from(marginOf.values()),
    clusterSizes: Float64Array.from(marginOf.keys(), cluster => clustered.sizeOf(cluster)),
  }
}

/** About a quarter of a cluster, so that few slots of its last block are free. */
function blockOf(clusterRows: number): number {
  return Math.min(128, Math.max(32, Math.round(clusterRows / 128) * 32))
}

function damaged(part: string): VecError {
  return new VecError('VEC_STORAGE', `not saved clusters: their ${part} cannot be`)
}
