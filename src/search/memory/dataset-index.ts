import { arenaOf } from '../../accelerators/arena.ts'
import { decodeEmbedding, isFiniteVector } from '../../core/embedding.ts'
import { IdList } from '../../core/id-list.ts'
import { IdTable } from '../../core/id-table.ts'
import type { RowReader } from '../../database/row-reader.ts'
import { MAX_STAGED_ROWS, stagedRows, type VectorIndex } from '../../index/vector-index.ts'
import type { LogPosition } from '../journal/journal.ts'
import type { ColumnStore } from './columns/column-store.ts'
import { DatasetClusters } from './dataset-clusters.ts'
import { FilterCache } from './filter-cache.ts'
import type { IndexSpec } from './index-spec.ts'
import { RecentChanges } from './recent-changes.ts'

/** Rows that the index excludes, by reason. */
export interface Rejected {
  /** The vector has another dimension than the index. */
  otherDimension: number
  /** The vector contains NaN or an infinity. */
  notFinite: number
}

/**
 * The in-memory index of one dataset of a shadow table: committed rows as of `logPosition`, and the document at each
 * position. Additions are buffered, so call `flush` before a search.
 */
export class DatasetIndex {
  readonly spec: IndexSpec
  readonly ids: IdTable
  readonly rejected: Rejected = { otherDimension: 0, notFinite: 0 }
  logPosition: LogPosition
  /** Undefined until the first vector fixes the dimension. */
  index: VectorIndex | undefined
  /** The last entry up to which no row can have vanished without an entry; see Freshness in ARCHITECTURE.md. */
  verifiedSeq: number
  /** The entry at which a query has looked up its rows instead. The next query counts the rows. */
  countAtSeq = -1
  /** The entry that the saved form covers; undefined without a saved form. */
  savedSeq: number | undefined
  /** The entry as of which rows were lent by this thread, or borrowed from another one, which then saves that state. */
  lentSeq: number | undefined
  borrowedSeq: number | undefined
  /** Ends the loan: no other thread begins to use the rows. */
  endLoan: (() => void) | undefined
  /** The changes that older snapshots than `logPosition` need. */
  recent: RecentChanges
  /** The rows that match each recent condition. */
  readonly filters: FilterCache = new FilterCache()
  /** The metadata columns of the rows; undefined until they are read. */
  columns: ColumnStore | undefined
  /** Whether the saved form has other columns than these, or none. */
  columnsUnsaved = false
  /** Grows with each change of its rows. */
  changes = 0
  /** Its rows by clusters, for approximate searches. They follow its changes. */
  readonly clusters: DatasetClusters = new DatasetClusters()
  readonly #free: number[] = []
  readonly #expected: number
  /** The empty index that takes the vectors, if they have its dimension. */
  #successor: VectorIndex | undefined
  #stageBytes: Uint8Array | undefined
  readonly #ids = new IdList()

  constructor(
    spec: IndexSpec,
    logPosition: LogPosition,
    expectedRows = 0,
    ids: IdTable = new IdTable(expectedRows),
    successor?: VectorIndex,
  ) {
    this.spec = spec
    this.logPosition = logPosition
    this.verifiedSeq = logPosition.seq
    this.recent = new RecentChanges(logPosition.seq, undefined)
    this.#expected = expectedRows
    this.#successor = successor
    this.ids = ids
    ids.isLive = position => this.index?.isLive(position) ?? false
  }

  /** Takes a loaded index. */
  adopt(index: VectorIndex): void {
    this.index = index
    if (index.count === index.positions) return
    for (let position = 0; position < index.positions; position++) {
      if (!index.isLive(position)) this.#free.push(position)
    }
  }

  /** The kind of the index, and the reason for it. */
  get why(): string {
    return this.index?.strategy?.reason ?? this.spec.why
  }

  get dim(): number {
    return this.index?.dim ?? 0
  }

  get count(): number {
    return this.index?.count ?? 0
  }

  get bytes(): number {
    const index = this.index?.bytes ?? 0
    const beside = (this.columns?.bytes ?? 0) + this.clusters.bytes
    return index + this.ids.bytes + this.filters.bytes + beside
  }

  /** Whether the saved form is out of date. */
  get unsaved(): boolean {
    const { seq } = this.logPosition
    const isOlder = this.savedSeq !== seq && this.borrowedSeq !== seq
    return isOlder || this.columnsUnsaved || this.clusters.unsaved
  }

  /** Records that the current state was saved. */
  noteSaved(): void {
    this.savedSeq = this.logPosition.seq
    this.columnsUnsaved = false
    this.clusters.noteSaved()
  }

  /**
   * Whether a row is excluded because of its dimension or numbers. The effect of a change is then unknown without a
   * full pass.
   */
  get mixed(): boolean {
    return this.rejected.otherDimension > 0
  }

  /**
   * Adds the vector of a new id. A vector that no search could find is counted instead, at the latest by `flush`. `row`
   * has the metadata columns, from column `from` on.
   */
  add(id: Uint8Array, embedding: Uint8Array, row?: RowReader, from = 0): void {
    const dim = embedding.length / 4
    if (!this.index) {
      // A row that is not a member must not determine the dimension.
      if (!isFiniteVector(decodeEmbedding(embedding))) {
        this.rejected.notFinite++
        return
      }
      this.index = this.#firstIndex(dim)
    }
    if (dim !== this.index.dim) {
      this.rejected.otherDimension++
      return
    }
    this.#stageBytes ??= bytesOf(this.index.stagingBuffer(this.#stageRows(dim)))
    this.#stageBytes.set(embedding, this.#ids.length * embedding.length)
    this.#ids.push(id)
    if (row) this.columns?.stage(this.#ids.length - 1, row, from)
    else this.columns = undefined
    if (this.#ids.length * embedding.length === this.#stageBytes.length) this.flush()
  }

  /** Adds the buffered vectors to the index. */
  flush(): void {
    const staged = this.#stageBytes
    const ids = this.#ids
    const { index } = this
    this.#stageBytes = undefined
    if (!staged || !index) return
    try {
      this.#append(index, staged)
    } finally {
      ids.clear()
    }
  }

  #append(index: VectorIndex, staged: Uint8Array): void {
    const ids = this.#ids
    if (!areFinite(staged.subarray(0, ids.length * index.dim * 4)))
      this.#dropSpecial(staged, index.dim)
    const rows = ids.length
    if (rows === 0) return
    this.changes++
    const { clusters } = this
    index.commit(rows)
    clusters.added(rows)
    const { columns } = this
    columns?.widen(rows)
    let moved = 0
    if (index.swapRemove) {
      // The last rows fill the gaps. Their ids follow in the same order.
      while (moved < rows && this.#free.length > 0) {
        const to = this.#free.pop()!
        index.swapRemove(to)
        clusters.moved(index.positions, to)
        const row = rows - 1 - moved
        this.ids.reuse(to, ids.bytes, ids.start(row), ids.end(row))
        columns?.place(row, to)
        moved++
      }
    }
    for (let row = 0; row < rows - moved; row++) {
      const position = this.ids.append(ids.bytes, ids.start(row), ids.end(row))
      columns?.place(row, position)
    }
  }

  /** Removes vectors with a NaN or an infinity. The rows after them move up. */
  #dropSpecial(staged: Uint8Array, dim: number): void {
    const ids = this.#ids
    const size = dim * 4
    const kept: Uint8Array[] = []
    for (let row = 0; row < ids.length; row++) {
      const from = row * size
      if (!areFinite(staged.subarray(from, from + size))) {
        this.rejected.notFinite++
        continue
      }
      staged.copyWithin(kept.length * size, from, from + size)
      this.columns?.moveStaged(row, kept.length)
      kept.push(ids.bytes.slice(ids.start(row), ids.end(row)))
    }
    ids.clear()
    for (const id of kept) ids.push(id)
  }

  /** Removes an id; returns false if it was not in the index. Ignores additions since the last flush. */
  remove(id: Uint8Array): boolean {
    const position = this.ids.find(id)
    if (position < 0) return false
    this.#removeAt(position)
    return true
  }

  /** Removes a row that vanished without a journal entry. An older snapshot may still contain it. */
  removeOrphan(position: number): void {
    this.recent.note(this.logPosition.seq, [this.ids.idAt(position).slice()])
    this.#removeAt(position)
  }

  #removeAt(position: number): void {
    this.changes++
    this.ids.forget(position)
    this.index!.remove(position)
    this.clusters.removed(position)
    this.#free.push(position)
  }

  /**
   * Whether there are many tombstones, and more than live rows: building a new index then costs less than keeping them.
   */
  get mostlyTombstones(): boolean {
    const positions = this.index?.positions ?? 0
    return positions > 4096 && this.count * 2 < positions
  }

  dispose(): void {
    this.endLoan?.()
    this.clusters.dispose()
    this.index?.dispose()
    this.#successor?.dispose()
    this.index = this.#successor = undefined
  }

  #firstIndex(dim: number): VectorIndex {
    const successor = this.#successor
    this.#successor = undefined
    if (successor?.dim === dim) return successor
    successor?.dispose()
    return this.spec.create(dim, this.#expected)
  }

  /** A batch size that keeps the staging buffer small for few rows. */
  #stageRows(dim: number): number {
    const wanted = this.#expected > 1024 || this.count >= 1024 ? MAX_STAGED_ROWS : 64
    return Math.min(wanted, stagedRows(dim))
  }
}

function bytesOf({ buffer, byteLength, byteOffset }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** Staged floats are in the memory of an index, whose kernels are ten times as fast. */
function areFinite(floats: Uint8Array): boolean {
  const { buffer, byteLength, byteOffset } = floats
  const arena = arenaOf(floats)
  if (arena) return arena.kernels.areFinite(byteOffset, byteLength / 4) === 1
  return isFiniteVector(new Float32Array(buffer, byteOffset, byteLength / 4))
}
