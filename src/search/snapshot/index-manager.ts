import { IndexSharing } from '#index-sharing'
import { isReadonly, transactionStateOf } from '../../database/capabilities.ts'
import type { Database } from '../../database/database.ts'
import type { VectorIndex } from '../../index/vector-index.ts'
import type { Journal, JournalHead } from '../journal/journal.ts'
import type { DatasetIndex } from '../memory/dataset-index.ts'
import { indexCache, type CacheEntry, type FileIndexes } from '../memory/index-cache.ts'
import { makeClusters } from '../memory/make-clusters.ts'
import { RecentChanges } from '../memory/recent-changes.ts'
import { maintenanceOf, type Maintenance } from '../persistence/maintenance.ts'
import { countEmbeddings } from '../schema/row-counts.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import type { Shape } from '../schema/shape.ts'
import { applyChanges, filledIndex, logPositionOf } from './fill-index.ts'
import { buildPays, isSavedNearby } from './guest-index.ts'
import { indexBytes } from './index-bytes.ts'
import { TABLE_SCAN, type IndexedSnapshot, type IndexSnapshot } from './index-snapshot.ts'
import { JournalAccess } from './journal-access.ts'
import type { SearchContext } from './search-context.ts'
import { noneVanished } from './vanished-rows.ts'

/** The result of `optimize`; `why` it could not save. */
type Optimized = { readonly saved: true } | { readonly saved: false; readonly why: string }

interface SnapshotOptions {
  readonly needsIndex?: boolean
  readonly borrows?: boolean
  readonly shape?: Shape
}

/** A dataset in one snapshot of its file. */
interface Request {
  readonly dataset: string
  readonly journal: Journal
  readonly head: JournalHead
  /** Whether the transaction has written, and may be rolled back. */
  readonly writing: boolean
  readonly entry: CacheEntry
}

/**
 * Updates the indexes of one shadow table to what a connection's transaction sees. Freshness in ARCHITECTURE.md has the
 * rules, and why they are right.
 */
export class IndexManager {
  readonly #context: SearchContext
  readonly #file: FileIndexes
  readonly #maintenance: Maintenance
  readonly #sharing: IndexSharing
  readonly #journal: JournalAccess
  /** Transaction-local indexes, by dataset. */
  readonly #local = new Map<string, DatasetIndex>()

  constructor(context: SearchContext) {
    const { shadow } = context
    this.#context = context
    this.#file = indexCache.attach(shadow.db, shadow.schema)
    this.#maintenance = maintenanceOf(shadow.db, shadow.schema, this.#file, shadow.foreign)
    this.#sharing = new IndexSharing(this.#file, shadow.key, context.spec)
    this.#journal = new JournalAccess(context)
  }

  /**
   * What answers for a dataset now. `needsIndex`: do not use the table only because other indexes leave no space.
   * `borrows`: whether the index may be that of another thread. `shape`: that of the shadow table, if `refresh` has just
   * returned it.
   */
  snapshot(
    dataset: string,
    { needsIndex = false, borrows = true, shape }: SnapshotOptions = {},
  ): IndexSnapshot {
    const journal = this.journal(shape)
    if (!journal) return TABLE_SCAN
    let head = journal.head()
    // The row that identifies the history was deleted, so a new history begins.
    if (head === 'missing' && this.#journal.reinstall()) head = journal.head()
    if (typeof head === 'string') return TABLE_SCAN
    const writing = this.#isWriting
    if (this.#local.size > 0 && !writing) this.#publish(journal, head)
    const entry = this.#entry(dataset)
    indexCache.touch(entry)
    const local = this.#local.get(dataset)
    const request: Request = { dataset, journal, head, writing, entry }
    if (!local && !writing) this.#exchange(request)
    const known = local ?? entry.datasetIndex
    if (known?.logPosition.seq === head.seq && journal.follows(known.logPosition, head)) {
      const state = local ? 'transaction-local' : 'fresh'
      return { state, datasetIndex: known, changed: [], dataset, seq: head.seq, writing }
    }
    if (known && journal.follows(known.logPosition, head)) return this.#catchUp(request, known)
    if (known) {
      const older = this.#olderSnapshot(request)
      if (older) return older
      // Rolled back, pruned, restored or rewritten: the index was built on another history.
      this.#drop(dataset, entry, known)
    }
    const bytes = (): number => indexBytes(this.#shadow, this.#maintenance.store, dataset)
    if (!needsIndex && !indexCache.admits(entry, bytes))
      return this.#asGuest(request, bytes) ?? TABLE_SCAN
    return this.#sharing.alone(dataset, () => {
      const found = (borrows ? this.#borrow(request, -1) : undefined) ?? this.#load(request)
      return found ? this.#catchUp(request, found) : this.#build(request)
    })
  }

  /**
   * The index in memory as the next query would use it, and the ids that the query would read again; undefined if there
   * is none, or the next query would discard it. Builds, installs and saves nothing.
   */
  inMemory(
    dataset: string,
  ): { readonly datasetIndex: DatasetIndex; readonly changed: readonly Uint8Array[] } | undefined {
    const shape = this.#shadow.refresh()
    const datasetIndex = this.#local.get(dataset) ?? this.#entry(dataset).datasetIndex
    if (!datasetIndex || !shape.journaled || !shape.unique) return undefined
    const { journal } = this.#journal
    const head = journal.head()
    if (typeof head === 'string' || !journal.follows(datasetIndex.logPosition, head))
      return undefined
    const { seq } = datasetIndex.logPosition
    return { datasetIndex, changed: journal.changedIds(seq, this.#shadow.key, dataset, Infinity)! }
  }

  /** The journal, reinstalled if necessary; undefined if writes may be missing from it. */
  journal(known?: Shape): Journal | undefined {
    return this.#journal.trusted(known)
  }

  /** An index has something new to save. */
  suggestSave(datasetIndex: DatasetIndex): void {
    this.#maintenance.suggest(datasetIndex)
  }

  /** Whether the indexes of other datasets leave no space for this one, so that the table answers. */
  isCrowdedOut(dataset: string): boolean {
    return this.#entry(dataset).refused
  }

  /** Whether no row of a small index can have vanished without an entry; see `DatasetIndex.verifiedSeq`. */
  verified(snapshot: IndexedSnapshot): boolean {
    return noneVanished(this.#shadow, snapshot)
  }

  /** Builds the index of a dataset again and saves it. Returns the number of its rows with an embedding. */
  rebuild(dataset: string): number {
    this.#maintenance.forgetSaved(this.#shadow.key, dataset)
    const entry = this.#entry(dataset)
    const known = this.#local.get(dataset) ?? entry.datasetIndex
    if (known) this.#drop(dataset, entry, known)
    this.snapshot(dataset, { needsIndex: true, borrows: false })
    this.#saveNow(dataset)
    return countEmbeddings(this.#shadow, dataset)
  }

  /** The saved form of an index in memory was deleted, so the next save must write all of it. */
  unsaved(dataset: string): void {
    for (const datasetIndex of [this.#local.get(dataset), this.#entry(dataset).datasetIndex]) {
      if (datasetIndex) datasetIndex.savedSeq = undefined
    }
  }

  /** Saves indexes that are worth it, prunes the journal, and removes tombstones. */
  optimize(dataset: string): Optimized {
    const snapshot = this.snapshot(dataset, { needsIndex: true })
    if (snapshot.state === 'table-scan') {
      return { saved: false, why: 'there is no index: queries read the table' }
    }
    const { datasetIndex, changed } = snapshot
    const { index } = datasetIndex
    if (changed.length === 0 && index && index.count < index.positions) {
      this.#drop(dataset, this.#entry(dataset), datasetIndex)
      // Otherwise the next snapshot would load the tombstones again.
      this.#maintenance.forgetSaved(this.#shadow.key, dataset)
      this.snapshot(dataset, { needsIndex: true, borrows: false })
    }
    const { recall = 1 } = this.#context
    const optimized = this.#local.get(dataset) ?? this.#entry(dataset).datasetIndex
    if (recall < 1 && optimized) makeClusters(optimized)
    return this.#saveNow(dataset)
      ? { saved: true }
      : { saved: false, why: 'the file is locked or cannot be written' }
  }

  dispose(): void {
    for (const datasetIndex of this.#local.values()) datasetIndex.dispose()
    this.#local.clear()
    this.#journal.dispose()
  }

  get #shadow(): ShadowTable {
    return this.#context.shadow
  }

  get #db(): Database {
    return this.#context.shadow.db
  }

  /** Whether this transaction has written to the file, and may be rolled back. */
  get #isWriting(): boolean {
    return transactionStateOf(this.#db, this.#shadow.schema) === 'write'
  }

  get #order(): number | undefined {
    return this.#db.snapshotOrder?.(this.#shadow.schema)
  }

  #entry(dataset: string): CacheEntry {
    return indexCache.entry(this.#file, this.#shadow.key, dataset, this.#context.spec.id)
  }

  /** Saves an index that a transaction built for itself, as part of the transaction. */
  #saveNow(dataset: string): boolean {
    const own = this.#local.get(dataset)
    const saved = this.#maintenance.store.manifest(this.#shadow.key, dataset)?.logPosition.seq
    for (const datasetIndex of [own, this.#entry(dataset).datasetIndex]) {
      // The thread that lends it has not saved it yet.
      if (datasetIndex && datasetIndex.borrowedSeq !== saved) datasetIndex.borrowedSeq = undefined
    }
    if (own?.index?.worthSaving && own.unsaved) {
      this.#maintenance.store.save(this.#shadow.key, dataset, own)
      own.noteSaved()
      this.#maintenance.store.prune(own.logPosition.seq)
    }
    return this.#maintenance.saveNow()
  }

  /**
   * The shared index as seen by a snapshot that began before the index's state; undefined if the index belongs to
   * another history.
   */
  #olderSnapshot({ dataset, entry, head: { epoch, seq } }: Request): IndexSnapshot | undefined {
    const { datasetIndex } = entry
    if (!datasetIndex) return undefined
    const { logPosition, recent } = datasetIndex
    if (logPosition.epoch !== epoch || logPosition.seq <= seq) return undefined
    const order = this.#order
    if (!recent.isNewerThan(order)) return undefined
    const changed = recent.since(seq, order)
    if (!changed) return TABLE_SCAN
    return { state: 'delta', datasetIndex, changed, dataset, seq, writing: true }
  }

  /**
   * Handles the end of a transaction: its indexes are valid for every connection if it was committed, and for none
   * otherwise.
   */
  #publish(journal: Journal, head: JournalHead): void {
    for (const [dataset, datasetIndex] of this.#local) {
      const entry = this.#entry(dataset)
      if (entry.datasetIndex || !journal.follows(datasetIndex.logPosition, head)) {
        datasetIndex.dispose()
        continue
      }
      // It was saved in a transaction that was rolled back.
      const saved = this.#maintenance.store.manifest(this.#shadow.key, dataset)
      if (saved?.logPosition.seq !== datasetIndex.savedSeq) datasetIndex.savedSeq = undefined
      this.#share(entry, datasetIndex)
    }
    this.#local.clear()
  }

  /** From here on, other connections may update the index. */
  #share(entry: CacheEntry, datasetIndex: DatasetIndex): void {
    datasetIndex.recent = new RecentChanges(datasetIndex.logPosition.seq, this.#order)
    indexCache.keep(entry, datasetIndex)
  }

  /** Takes a newer index of another thread in place of the one in memory, or lends that one. */
  #exchange({ dataset, entry, head, journal }: Request): void {
    const known = entry.datasetIndex
    if (!known || !this.#sharing.active) return
    const newer = this.#sharing.newer(dataset, known, journal, head)
    if (newer) this.#share(entry, newer)
    else if (!indexCache.isGuest(entry)) this.#sharing.lend(dataset, known)
  }

  /** The index of another thread, as of an entry after `after`. */
  #borrow(
    { dataset, entry, head, journal, writing }: Request,
    after: number,
  ): DatasetIndex | undefined {
    const borrowed = this.#sharing.borrow(dataset, journal, head, after)
    if (!borrowed) return undefined
    if (writing) this.#local.set(dataset, borrowed)
    else this.#share(entry, borrowed)
    return borrowed
  }

  #drop(dataset: string, entry: CacheEntry, datasetIndex: DatasetIndex): void {
    if (this.#local.delete(dataset)) datasetIndex.dispose()
    else {
      entry.datasetIndex = undefined
      datasetIndex.dispose()
    }
  }

  /** A saved index on this snapshot's history. `#catchUp` applies the changes since. */
  #load({ dataset, journal, head, writing, entry }: Request): DatasetIndex | undefined {
    const { store } = this.#maintenance
    const datasetIndex = store.load(this.#shadow.key, dataset, this.#context.spec)
    if (!datasetIndex) return undefined
    if (!journal.follows(datasetIndex.logPosition, head)) {
      datasetIndex.dispose()
      return undefined
    }
    if (writing) this.#local.set(dataset, datasetIndex)
    else {
      this.#share(entry, datasetIndex)
      this.#exchange({ dataset, journal, head, writing, entry })
    }
    return datasetIndex
  }

  /** The index of a dataset without space, as the guest: its saved form, or one to be saved. Undefined: the table answers. */
  #asGuest(request: Request, bytes: () => number): IndexSnapshot | undefined {
    const { dataset, journal, head, writing, entry } = request
    if (writing || !indexCache.mayHost(entry, bytes)) return undefined
    if (isSavedNearby(this.#maintenance.store, this.#shadow, dataset, journal, head)) {
      indexCache.host(entry, bytes)
      const loaded = this.#load(request)
      if (loaded) return this.#catchUp(request, loaded)
    }
    if (isReadonly(this.#db, this.#shadow.schema) || !buildPays(entry, bytes)) return undefined
    indexCache.host(entry, bytes)
    return this.#build(request)
  }

  #build(request: Request, better?: VectorIndex): IndexSnapshot {
    const { dataset, head, writing, entry } = request
    let datasetIndex = filledIndex(this.#context, dataset, logPositionOf(head), better)
    // The first rows may have differed from the rest: another kind of index needs all the vectors again.
    const successor = datasetIndex.index?.strategy?.choose()
    if (successor) {
      datasetIndex.dispose()
      datasetIndex = filledIndex(this.#context, dataset, logPositionOf(head), successor)
      datasetIndex.index?.strategy?.choose()?.dispose()
    }
    if (writing) this.#local.set(dataset, datasetIndex)
    else {
      this.#share(entry, datasetIndex)
      this.#exchange(request)
      this.#maintenance.suggest(datasetIndex)
    }
    const state = writing ? 'transaction-local' : 'rebuilt'
    return { state, datasetIndex, changed: [], dataset, seq: head.seq, writing }
  }

  /** An index on this snapshot's history, updated with the changes since. */
  #catchUp(request: Request, datasetIndex: DatasetIndex): IndexSnapshot {
    const { dataset, journal, head, writing, entry } = request
    const { seq } = head
    const own = this.#local.get(dataset) === datasetIndex
    const state = own ? 'transaction-local' : 'fresh'
    if (datasetIndex.logPosition.seq === seq) {
      return { state, datasetIndex, changed: [], dataset, seq, writing }
    }
    const limit = Math.max(1000, Math.floor(datasetIndex.count / 5))
    const since = datasetIndex.logPosition.seq
    const ids = journal.changedIds(since, this.#shadow.key, dataset, limit)
    if (ids && ids.length > 0 && writing && !own) {
      return { state: 'delta', datasetIndex, changed: ids, dataset, seq, writing }
    }
    let better: VectorIndex | undefined
    if (ids && (own || !writing)) {
      try {
        if (ids.length > 0) better = applyChanges(this.#shadow, dataset, datasetIndex, ids)
      } catch (error) {
        // The index contains only a part of the changes, so the next query builds a new one.
        this.#drop(dataset, entry, datasetIndex)
        throw error
      }
      datasetIndex.logPosition = logPositionOf(head)
      if (!own) datasetIndex.recent.add(seq, ids, this.#order)
      if (!own) this.#maintenance.suggest(datasetIndex)
    }
    // Too many changes, or rows whose dimension decides which rows are members: a full pass costs less.
    const rebuild =
      !ids ||
      better !== undefined ||
      (ids.length > 0 &&
        (datasetIndex.mixed || datasetIndex.count === 0 || datasetIndex.mostlyTombstones))
    if (!rebuild) return { state, datasetIndex, changed: [], dataset, seq, writing }
    if (!writing || own) this.#drop(dataset, entry, datasetIndex)
    return this.#sharing.alone(dataset, () => {
      const newer = better ? undefined : this.#borrow(request, since)
      return newer ? this.#catchUp(request, newer) : this.#build(request, better)
    })
  }
}
