import { bitsOf } from '../../../../core/bit-count.ts'
import type { Clusters, Promised, RowSource } from '../../../clusters.ts'
import { MAX_STAGED_ROWS } from '../../../vector-index.ts'
import type { Candidates, SearchRequest, VectorIndex } from '../../../vector-index.ts'
import { Calibration, type Trial } from './calibration.ts'
import { toDirection, type Centroids } from './centroids.ts'
import { CLUSTER_RULE, type ClusterRule } from './cluster-rule.ts'
import { ClusterSearch } from './cluster-search.ts'
import { clusterSpaceOf, type ClusterSpace } from './cluster-space.ts'
import { ClusteredRows } from './clustered-rows.ts'
import { kMeans } from './k-means.ts'
import { rowsLike } from './rows-like.ts'

/** Numbers of rows that calibrations are made for: a search uses the first that is not smaller than what it wants. */
const CALIBRATED: readonly number[] = [10, 100]
/** A wish for hardly more rows, as rows that were changed are left out, is the same. */
const HARDLY_MORE = 1.05
/** No limit: all clusters are visited. */
const UNLIMITED = { margin: Infinity, nearest: -Infinity, least: -Infinity }

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

/** The rows of an exact index by the nearest of many centroids. */
export class RowClusters implements Clusters {
  readonly #centroids: Centroids
  readonly #clustered: ClusteredRows
  readonly #search: ClusterSearch
  readonly #rule: ClusterRule
  readonly #calibrations = new Map<number, Calibration>()
  #builtRows = 0
  #changes = 0

  private constructor(centroids: Centroids, clustered: ClusteredRows, rule: ClusterRule) {
    this.#centroids = centroids
    this.#clustered = clustered
    this.#rule = rule
    this.#search = new ClusterSearch(centroids, clustered)
  }

  /** Clusters of an index that they suit. */
  static of(index: VectorIndex, source: RowSource, rule: ClusterRule = CLUSTER_RULE): RowClusters {
    const { dim } = source
    const space = clusterSpaceOf(source.metric)!
    const count = Math.ceil(Math.sqrt(source.count) * rule.density)
    const sample = sampled(source, space, rule, count)
    const centroids = kMeans(space, sample, dim, count)
    const blockRows = blockOf(source.count / count)
    const rows = rowsLike(index, source.count + Math.ceil((count * blockRows) / 2))
    const clusters = new RowClusters(centroids, new ClusteredRows(rows, count, blockRows), rule)
    try {
      clusters.#fill(source)
    } catch (error) {
      clusters.dispose()
      throw error
    }
    clusters.#builtRows = clusters.rows
    return clusters
  }

  get bytes(): number {
    return this.#centroids.bytes + this.#clustered.bytes
  }

  get count(): number {
    return this.#centroids.count
  }

  get rows(): number {
    return this.#clustered.count
  }

  get outgrown(): boolean {
    return this.#changes > this.#builtRows * this.#rule.outgrown
  }

  add(vectors: Float32Array, first: number): void {
    const { dim } = this.#centroids
    const rows = vectors.length / dim
    const positions = Uint32Array.from({ length: rows }, (_, i) => first + i)
    this.#enter(vectors, positions, rows)
    this.#changes += rows
  }

  remove(position: number): void {
    this.#clustered.remove(position)
    this.#changes++
  }

  move(from: number, to: number): void {
    this.#clustered.move(from, to)
  }

  promise(
    recall: number,
    { k, allowed, maxSimilarity = Infinity }: Omit<SearchRequest, 'query'>,
    source: () => RowSource,
  ): Promised | undefined {
    // Of rows of which a part may be found the k best are among the more of all.
    const wanted = allowed ? k * (this.#clustered.count / bitsOf(allowed)) : k
    const calibrated = CALIBRATED.find(most => wanted <= most * HARDLY_MORE)
    if (calibrated === undefined || recall >= 1 || maxSimilarity !== Infinity) return undefined
    let calibration = this.#calibrations.get(calibrated)
    if (!calibration) {
      const most = this.#rule.dear * this.rows
      calibration = new Calibration(calibrated, this.#tried(calibrated, source()), most)
      this.#calibrations.set(calibrated, calibration)
    }
    const promised = calibration.promise(recall)
    return promised.dear ? undefined : promised
  }

  get promises(): readonly Promised[] {
    return [...this.#calibrations.values()].flatMap(({ promises }) => promises)
  }

  search(request: SearchRequest, { limits }: Promised): Candidates | undefined {
    // Fewer rows than calibrated for are found with the margin of more.
    const k = Math.max(request.k, CALIBRATED[0])
    return this.#search.search({ ...request, k }, limits)
  }

  dispose(): void {
    this.#clustered.dispose()
  }

  #fill(source: RowSource): void {
    const { dim } = source
    const batch = new Float32Array(MAX_STAGED_ROWS * dim)
    const positions = new Uint32Array(MAX_STAGED_ROWS)
    let rows = 0
    source.each((position, vector) => {
      batch.set(vector, rows * dim)
      positions[rows++] = position
      if (rows < MAX_STAGED_ROWS) return
      this.#enter(batch, positions, rows)
      rows = 0
    })
    this.#enter(batch, positions, rows)
  }

  #enter(vectors: Float32Array, positions: Uint32Array, rows: number): void {
    if (rows === 0) return
    const clusters = new Uint32Array(rows)
    this.#centroids.assign(vectors, rows, clusters)
    this.#clustered.add(vectors, positions, clusters, rows)
  }

  /** Searches for rows of the index without them, through all clusters. */
  #tried(k: number, source: RowSource): Trial[] {
    const { trials, trialNumbers, fewestTrials } = this.#rule
    const affordable = Math.floor(trialNumbers / (source.count * source.dim))
    const count = Math.min(trials, Math.max(fewestTrials, affordable))
    const queries: { position: number; query: Float32Array }[] = []
    // From other positions than the sample was.
    source.read(spread(source.positions, count, 0.25), (position, vector) => {
      queries.push({ position, query: vector.slice() })
    })
    return queries
      .map(({ position, query }) => this.#try(k, position, query))
      .filter(found => found !== undefined)
  }

  #try(k: number, own: number, query: Float32Array): Trial | undefined {
    const clustered = this.#clustered
    const marginOf = new Map<number, number>()
    const request = { query, k: k + 1 }
    const found = this.#search.search(request, UNLIMITED, (cluster, margin) =>
      marginOf.set(cluster, margin),
    )
    if (!found) return undefined
    const margins: number[] = []
    for (let i = 0; i < found.count && margins.length < k; i++) {
      const position = found.positions[i]
      if (position !== own) margins.push(marginOf.get(clustered.clusterAt(position))!)
    }
    return {
      margins: Float64Array.from(margins),
      nearest: Math.max(...this.#centroids.closeness),
      least: this.#search.leastFor(query),
      clusterMargins: Float64Array.from(marginOf.values()),
      clusterSizes: Float64Array.from(marginOf.keys(), cluster => clustered.sizeOf(cluster)),
    }
  }
}

/** What k-means sees: rows of the whole index, made 1 long where only directions count. */
function sampled(
  source: RowSource,
  space: ClusterSpace,
  { sampleBytes, sampleRows }: ClusterRule,
  clusters: number,
): Float32Array {
  const { dim } = source
  const most = Math.max(clusters, Math.floor(sampleBytes / (dim * 4)))
  const rows = Math.min(source.positions, clusters * sampleRows, most)
  const sample = new Float32Array(rows * dim)
  let drawn = 0
  source.read(spread(source.positions, rows, 0.75), (_, vector) => {
    const to = sample.subarray(drawn * dim, ++drawn * dim)
    to.set(vector)
    if (space.spherical) toDirection(to)
  })
  return sample.subarray(0, drawn * dim)
}

/** Positions evenly spread; `shift` of the way from one to the next. */
function spread(positions: number, count: number, shift: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(((i + shift) * positions) / count))
}

/** About a quarter of a cluster, so that few slots of its last block are free. */
function blockOf(clusterRows: number): number {
  return Math.min(128, Math.max(32, Math.round(clusterRows / 128) * 32))
}
