import { MAX_STAGED_ROWS, type IndexImage, type VectorIndex } from '../indexes/vector-index.ts'
import { decodeEmbedding, isFiniteVector } from '../vector/embedding.ts'
import type { Metric } from '../vector/metric.ts'
import { IdTable } from './id-table.ts'
import type { Point } from './journal.ts'

/** How the index of a slice is made: the options of its vec table. */
export interface IndexRecipe {
  readonly metric: Metric
  /** Names everything that makes two indexes of the same rows differ: a part of the slice's key. */
  readonly key: string
  /** Why its indexes are of their kind, where they do not tell. */
  readonly why: string
  create(dim: number, expectedRows: number): VectorIndex
  /** An index from its saved form; throws for anything else. */
  restore(image: IndexImage): VectorIndex
}

/** Rows of a slice that cannot be found, by reason. */
export interface Rejected {
  /** A vector of another dimension than the slice's. */
  otherDimension: number
  /** NaN or an infinity. */
  notFinite: number
}

/**
 * The index of one dataset of one shadow table, in memory: committed rows as of `point`, and which document stands at
 * which position. Adding is buffered; `flush` before searching.
 */
export class Slice {
  readonly recipe: IndexRecipe
  readonly ids: IdTable
  readonly rejected: Rejected = { otherDimension: 0, notFinite: 0 }
  point: Point
  /** Undefined until the first vector fixes the dimension. */
  index: VectorIndex | undefined
  /** The last entry up to which no row can have vanished unseen; see Freshness in ARCHITECTURE.md. */
  verifiedSeq: number
  /** The entry at which a query has looked its rows up instead; the next one counts. */
  countAtSeq = -1
  /** The entry that its saved form covers; undefined when there is none. */
  savedSeq: number | undefined
  readonly #free: number[] = []
  readonly #expected: number
  /** The empty index that takes the vectors, unless they are of another dimension. */
  #successor: VectorIndex | undefined
  #staged = 0
  #stage: Float32Array | undefined
  #stageBytes: Uint8Array | undefined
  readonly #stagedIds: Uint8Array[] = []

  constructor(
    recipe: IndexRecipe,
    point: Point,
    expectedRows = 0,
    ids: IdTable = new IdTable(expectedRows),
    successor?: VectorIndex,
  ) {
    this.recipe = recipe
    this.point = point
    this.verifiedSeq = point.seq
    this.#expected = expectedRows
    this.#successor = successor
    this.ids = ids
    ids.isLive = position => this.index?.isLive(position) ?? false
  }

  /** Takes over an index that was loaded. */
  adopt(index: VectorIndex): void {
    this.index = index
    if (index.count === index.positions) return
    for (let position = 0; position < index.positions; position++) {
      if (!index.isLive(position)) this.#free.push(position)
    }
  }

  /** Which kind of index it is, and why. */
  get why(): string {
    return this.index?.why ?? this.recipe.why
  }

  get dim(): number {
    return this.index?.dim ?? 0
  }

  get count(): number {
    return this.index?.count ?? 0
  }

  get bytes(): number {
    return (this.index?.bytes ?? 0) + this.ids.bytes
  }

  /** Some row is left out because of its dimension or numbers: what a change does to the slice needs a full look. */
  get mixed(): boolean {
    return this.rejected.otherDimension > 0
  }

  /** Adds the vector of an id that has none here. False: it is rejected, and counted. */
  add(id: Uint8Array, embedding: Uint8Array): boolean {
    const dim = embedding.length / 4
    if (!this.index) {
      // A row that is no member must not fix the dimension.
      if (!isFiniteVector(decodeEmbedding(embedding))) {
        this.rejected.notFinite++
        return false
      }
      this.index = this.#firstIndex(dim)
    }
    const { index } = this
    if (dim !== index.dim) {
      this.rejected.otherDimension++
      return false
    }
    if (!this.#stage) {
      this.#stage = index.stage(this.#stageRows(dim))
      const { buffer, byteOffset, byteLength } = this.#stage
      this.#stageBytes = new Uint8Array(buffer, byteOffset, byteLength)
    }
    const at = this.#staged * dim
    this.#stageBytes!.set(embedding, at * 4)
    if (!isFiniteVector(this.#stage.subarray(at, at + dim))) {
      this.rejected.notFinite++
      return false
    }
    this.#stagedIds.push(id.slice())
    this.#staged++
    if (this.#staged * dim === this.#stage.length) this.flush()
    return true
  }

  /** The vectors added so far become part of the index. */
  flush(): void {
    const rows = this.#staged
    const { index } = this
    this.#stage = undefined
    this.#stageBytes = undefined
    if (rows === 0 || !index) return
    this.#staged = 0
    index.append(rows)
    let moved = 0
    if (index.moveLast) {
      // The last rows fill the gaps: ids follow in the same order.
      while (moved < rows && this.#free.length > 0) {
        const to = this.#free.pop()!
        index.moveLast(to)
        this.ids.reuse(to, this.#stagedIds[rows - 1 - moved])
        moved++
      }
    }
    for (let row = 0; row < rows - moved; row++) this.ids.append(this.#stagedIds[row])
    this.#stagedIds.length = 0
  }

  /** Takes an id out; false when it was not in. What was added since the last flush is not looked at. */
  remove(id: Uint8Array): boolean {
    const position = this.ids.find(id)
    if (position < 0) return false
    this.removeAt(position)
    return true
  }

  removeAt(position: number): void {
    this.ids.forget(position)
    this.index!.remove(position)
    this.#free.push(position)
  }

  /** More dead positions than live ones, and many: a new index costs less than carrying them along. */
  get mostlyDead(): boolean {
    const positions = this.index?.positions ?? 0
    return positions > 4096 && this.count * 2 < positions
  }

  dispose(): void {
    this.index?.dispose()
    this.#successor?.dispose()
    this.index = this.#successor = undefined
  }

  #firstIndex(dim: number): VectorIndex {
    const successor = this.#successor
    this.#successor = undefined
    if (successor?.dim === dim) return successor
    successor?.dispose()
    return this.recipe.create(dim, this.#expected)
  }

  /** A batch that keeps the staging area small for wide vectors and few rows. */
  #stageRows(dim: number): number {
    const wanted = this.#expected > 1024 || this.count >= 1024 ? MAX_STAGED_ROWS : 64
    return Math.max(1, Math.min(wanted, Math.floor((4 << 20) / (dim * 4))))
  }
}
