import { IdTable } from '../../core/id-table.ts'
import type { IndexSection } from '../../index/vector-index.ts'
import type { Journal, JournalHead } from '../journal/journal.ts'
import { ColumnStore } from '../memory/columns/column-store.ts'
import { DatasetIndex } from '../memory/dataset-index.ts'
import type { FileIndexes } from '../memory/index-cache.ts'
import type { IndexSpec } from '../memory/index-spec.ts'
import { sharedIndexes } from '../memory/shared-indexes.ts'

/** When an index has changed by this many rows, or this share of them, its thread lends it again. */
const MANY_CHANGES = 4096
const MANY_SHARE = 1 / 8

/** Whether this thread shares its indexes with others. */
export function sharesIndexes(): boolean {
  return sharedIndexes.active
}

/** How the indexes of one shadow table are shared with other threads. */
export class IndexSharing {
  readonly #beginning: string
  readonly #isFile: boolean
  readonly #spec: IndexSpec

  constructor({ key }: FileIndexes, shadow: string, spec: IndexSpec) {
    this.#isFile = key.startsWith('file ')
    this.#beginning = `${key}\0${shadow}\0${spec.id}\0`
    this.#spec = spec
  }

  get active(): boolean {
    return this.#isFile && sharedIndexes.active
  }

  /** Runs a task while no other thread builds or reads the index of the dataset. */
  alone<R>(dataset: string, task: () => R): R {
    return this.active ? sharedIndexes.alone(this.#beginning + dataset, task) : task()
  }

  /**
   * The index of another thread, as of an entry after `after`; undefined if there is none that a snapshot with this head
   * contains.
   */
  borrow(
    dataset: string,
    journal: Journal,
    head: JournalHead,
    after: number,
  ): DatasetIndex | undefined {
    if (!this.active) return undefined
    const offered = sharedIndexes.offered(this.#beginning + dataset)
    if (!offered || offered.logPosition.seq <= after) return undefined
    if (!journal.follows(offered.logPosition, head)) return undefined
    const { columns, image, logPosition, rejected } = offered
    const ids = IdTable.restore(offered.ids.pool, offered.ids.starts, true)
    if (!ids) return undefined
    const datasetIndex = new DatasetIndex(this.#spec, logPosition, 0, ids)
    const lent = { ...image.lent!, place: sharedIndexes.place }
    datasetIndex.adopt(this.#spec.restore({ ...image, lent }))
    datasetIndex.rejected.notFinite = rejected.notFinite
    datasetIndex.rejected.otherDimension = rejected.otherDimension
    datasetIndex.columns = columnsOf(columns, image.positions)
    datasetIndex.lentSeq = datasetIndex.borrowedSeq = logPosition.seq
    return datasetIndex
  }

  /** A newer index of another thread, if this one is behind it, or has changed much beside lent rows. */
  newer(
    dataset: string,
    known: DatasetIndex,
    journal: Journal,
    head: JournalHead,
  ): DatasetIndex | undefined {
    if (!this.active) return undefined
    const after = isChanged(known) ? known.lentSeq : known.logPosition.seq
    return this.borrow(dataset, journal, head, after ?? -1)
  }

  /** Lends a committed index to the other threads, if it pays and it is not lent yet. */
  lend(dataset: string, datasetIndex: DatasetIndex): void {
    const { clusters, index, lentSeq, logPosition } = datasetIndex
    if (!this.active || !index || clusters.current) return
    const { lending } = index
    if (!lending) return
    // While rows are saved, which moves them to a memory of their own, they change there.
    const waits = lending.isLent
      ? !isChanged(datasetIndex)
      : lentSeq !== undefined && datasetIndex.unsaved
    if (waits) return
    const image = lending.lend()
    if (!image) return
    const ids = datasetIndex.ids.share()
    const columns = (datasetIndex.columns?.save() ?? []).map(sharedCopy)
    const { rejected } = datasetIndex
    const lent = { logPosition, image, ids, rejected: { ...rejected }, columns }
    if (lentSeq !== undefined) datasetIndex.endLoan?.()
    datasetIndex.lentSeq = logPosition.seq
    datasetIndex.endLoan = sharedIndexes.lend(this.#beginning + dataset, lent)
  }
}

/** Whether a thread has changed much beside lent rows. */
function isChanged({ count, index }: DatasetIndex): boolean {
  const changes = index?.lending?.changes ?? 0
  return changes > Math.max(MANY_CHANGES, count * MANY_SHARE)
}

function sharedCopy({ bytes, name }: IndexSection): IndexSection {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
  copy.set(bytes)
  return { name, bytes: copy }
}

/** A column store of this thread: it changes, so it is a copy. */
function columnsOf(lent: readonly IndexSection[], positions: number): ColumnStore | undefined {
  const own = lent.map(({ bytes, name }): [string, IndexSection] => [name, { name, bytes: bytes.slice() }]) // prettier-ignore
  return ColumnStore.restore(new Map(own), positions)
}
