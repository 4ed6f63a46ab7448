import {
  isInTransaction,
  isReadonly,
  transactionStateOf,
  unnoticed,
  waitingAtMost,
} from '../../database/capabilities.ts'
import type { Database } from '../../database/database.ts'
import type { VectorIndex } from '../../index/vector-index.ts'
import { Journal, type JournalHead } from '../journal/journal.ts'
import { RecentChanges } from '../journal/recent-changes.ts'
import { OF_DATASET } from '../schema/names.ts'
import { countOf, embeddingLength, rowByKey, visitRows } from '../schema/rows.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import { sliceCache, type FileSlices, type SliceEntry } from './slice-cache.ts'
import { Slice, type IndexRecipe } from './slice.ts'
import { upkeepOf, type Upkeep } from './upkeep.ts'

/** A slice, and what this transaction sees that the slice does not hold. */
export interface SliceView {
  readonly slice: Slice
  /** Ids whose rows are not, or no longer, as the slice has them: mask them there, and look at their present rows. */
  readonly changed: readonly Uint8Array[]
  readonly dataset: string
  /** The last journal entry of this snapshot. */
  readonly seq: number
  /** The slice is not to be changed by what this transaction sees: it has written and may never be committed, or it began before the slice's state. */
  readonly writing: boolean
}

/** Small indexes are checked for vanished rows by counting; up to so many rows that costs next to nothing. */
const COUNTABLE = 4096
/** After a failed attempt to mend the triggers the next one waits. */
const HEAL_PAUSE_MS = 1000

/**
 * Brings the slices of one shadow table to what a connection's transaction sees. The rules and why they are right:
 * Freshness in ARCHITECTURE.md.
 */
export class SliceReader {
  readonly #db: Database
  readonly #shadow: ShadowTable
  readonly #recipe: IndexRecipe
  readonly #file: FileSlices
  readonly #upkeep: Upkeep
  readonly #mayInstall: boolean
  /** Slices built while the transaction had written: nobody else may see them before it is committed. */
  readonly #private = new Map<string, Slice>()
  #journal: Journal | undefined
  #healedAt = -Infinity

  /** `mayInstall`: a query may make the journal and its triggers where they are missing. */
  constructor(db: Database, shadow: ShadowTable, recipe: IndexRecipe, mayInstall: boolean) {
    this.#db = db
    this.#mayInstall = mayInstall
    this.#shadow = shadow
    this.#recipe = recipe
    this.#file = sliceCache.attach(db, shadow.schema)
    this.#upkeep = upkeepOf(db, shadow.schema, this.#file)
  }

  /** The slice of a dataset; undefined: nothing can be trusted but the table itself. */
  view(dataset: string): SliceView | undefined {
    const journal = this.#openJournal()
    if (!journal) return undefined
    let head = journal.head()
    // Somebody deleted the row that tells which history this is: a new one begins.
    if (head === 'missing' && this.#heal()) head = journal.head()
    if (typeof head === 'string') return undefined
    const writing = this.#isWriting
    const entry = this.#entry(dataset)
    if (this.#private.size > 0 && !writing) this.#settle(journal, head)
    let slice = this.#private.get(dataset) ?? entry.slice
    if (slice && !journal.follows(slice.point, head)) {
      const older = this.#olderView(dataset, entry, head)
      if (older !== 'none') return older
      // Rolled back, pruned, restored or rewritten: this history is not the one the slice was built on.
      this.#drop(dataset, entry, slice)
      slice = undefined
    }
    slice ??=
      this.#load(journal, dataset, entry, head, writing) ??
      this.#build(dataset, entry, head, writing)
    if (slice.point.seq === head.seq) return { slice, changed: [], dataset, seq: head.seq, writing }
    return this.#catchUp(journal, head, dataset, entry, slice, writing)
  }

  /**
   * The index in memory as the next query would take it up, and the ids that it would look at again; undefined: none, or
   * one that the next query forgets. Nothing is built, mended or saved.
   */
  inMemory(
    dataset: string,
  ): { readonly slice: Slice; readonly changed: readonly Uint8Array[] } | undefined {
    const shape = this.#shadow.refresh()
    const slice = this.#private.get(dataset) ?? this.#entry(dataset).slice
    if (!slice || !shape.journaled || !shape.unique) return undefined
    const journal = (this.#journal ??= new Journal(this.#db, this.#shadow.schema))
    const head = journal.head()
    if (typeof head === 'string' || !journal.follows(slice.point, head)) return undefined
    const { seq } = slice.point
    return { slice, changed: journal.changedIds(seq, this.#shadow.name, dataset, Infinity)! }
  }

  /** Whether no row of a small index can have vanished without a trace; see `Slice.verifiedSeq`. */
  verified(view: SliceView): boolean {
    const { slice } = view
    const { index } = slice
    if (slice.verifiedSeq === view.seq) return true
    if (!index?.inMemoryVectors || index.count > COUNTABLE || slice.rejected.notFinite > 0)
      return false
    // The first query after a change looks its few rows up; the second pays for the count, once.
    if (slice.countAtSeq !== view.seq) {
      slice.countAtSeq = view.seq
      return false
    }
    if (this.#countVectors(view.dataset, slice) !== index.count) return false
    slice.verifiedSeq = view.seq
    return true
  }

  /** Builds the index of a dataset anew and saves it; how many rows of it have an embedding. */
  rebuild(dataset: string): number {
    this.#upkeep.forgetSaved(this.#shadow.name, dataset)
    const entry = this.#entry(dataset)
    const known = this.#private.get(dataset) ?? entry.slice
    if (known) this.#drop(dataset, entry, known)
    this.view(dataset)
    this.#saveNow(dataset)
    return countOf(
      this.#shadow,
      `SELECT count(*) FROM {table} WHERE ${OF_DATASET} AND length(embedding) > 0 ${this.#shadow.visible}`,
      [dataset],
    )
  }

  /** The saved form of an index in memory is gone: it has to be written anew when it is saved again. */
  unsaved(dataset: string): void {
    for (const slice of [this.#private.get(dataset), this.#entry(dataset).slice]) {
      if (slice) slice.savedSeq = undefined
    }
  }

  /** Saves what is worth it, prunes the journal, and drops dead positions. */
  optimize(dataset: string): string[] {
    const entry = this.#entry(dataset)
    const view = this.view(dataset)
    if (
      view?.changed.length === 0 &&
      view.slice.index &&
      view.slice.index.count < view.slice.index.positions
    ) {
      this.#drop(dataset, entry, view.slice)
      // Or the next view would load the dead positions again.
      this.#upkeep.forgetSaved(this.#shadow.name, dataset)
      this.view(dataset)
    }
    if (!view) return ['not saved: there is no index, the table itself answers']
    return [
      this.#saveNow(dataset) ? 'optimized' : 'not saved: the file is locked or cannot be written',
    ]
  }

  /** What a transaction built for itself is saved as a part of it. */
  #saveNow(dataset: string): boolean {
    const own = this.#private.get(dataset)
    if (own?.index?.worthSaving && own.savedSeq !== own.point.seq) {
      this.#upkeep.storage.save(this.#shadow.name, dataset, own)
      own.savedSeq = own.point.seq
      this.#upkeep.storage.prune(own.point.seq)
    }
    return this.#upkeep.saveNow()
  }

  dispose(): void {
    for (const slice of this.#private.values()) slice.dispose()
    this.#private.clear()
    this.#journal?.dispose()
    this.#journal = undefined
  }

  /** The shared slice as a snapshot sees it that began before the slice's state; undefined: the table answers. */
  #olderView(
    dataset: string,
    { slice }: SliceEntry,
    { epoch, seq }: JournalHead,
  ): SliceView | undefined | 'none' {
    if (!slice || slice.point.epoch !== epoch || slice.point.seq <= seq) return 'none'
    const order = this.#order()
    if (!slice.recent.isNewerThan(order)) return 'none'
    const changed = slice.recent.since(seq, order)
    return changed && { slice, changed, dataset, seq, writing: true }
  }

  /** This transaction has written the file, and may be rolled back. */
  get #isWriting(): boolean {
    return transactionStateOf(this.#db, this.#shadow.schema) === 'write'
  }

  #order(): number | undefined {
    return this.#db.snapshotOrder?.(this.#shadow.schema)
  }

  #entry(dataset: string): SliceEntry {
    return sliceCache.entry(this.#file, this.#shadow.name, dataset, this.#recipe.key)
  }

  /** The journal, mended if need be; undefined when writes may have gone by without an entry. */
  #openJournal(): Journal | undefined {
    let shape = this.#shadow.refresh()
    if (!shape.journaled) {
      this.#journal?.dispose()
      this.#journal = undefined
      if (!shape.unique || !this.#heal()) return undefined
      shape = this.#shadow.refresh()
      if (!shape.journaled) return undefined
    }
    return shape.unique ? (this.#journal ??= new Journal(this.#db, this.#shadow.schema)) : undefined
  }

  /** Makes journal and triggers. A query never waits for that, fails by it, or turns a reader into a writer. */
  #heal(): boolean {
    const db = this.#db
    if (!this.#mayInstall || isReadonly(db, this.#shadow.schema)) return false
    // A statement that writes on its own (INSERT ... SELECT from the vec table) cannot be joined by a transaction.
    if (isInTransaction(db) ? !this.#isWriting : transactionStateOf(db) === 'write') return false
    if (performance.now() - this.#healedAt < HEAL_PAUSE_MS) return false
    this.#healedAt = performance.now()
    try {
      waitingAtMost(db, 0, () => unnoticed(db, () => this.#shadow.install()))
      return true
    } catch {
      // Busy, a full disk, no permission: the table itself still answers.
      this.#shadow.distrust()
      return false
    }
  }

  /** The transaction is over: what it built is good for everybody if it was committed, and for nobody otherwise. */
  #settle(journal: Journal, head: JournalHead): void {
    for (const [dataset, slice] of this.#private) {
      const entry = this.#entry(dataset)
      if (entry.slice || !journal.follows(slice.point, head)) {
        slice.dispose()
        continue
      }
      // Saved in a transaction that was rolled back.
      const saved = this.#upkeep.storage.head(this.#shadow.name, dataset)
      if (saved?.point.seq !== slice.savedSeq) slice.savedSeq = undefined
      this.#share(entry, slice)
    }
    this.#private.clear()
  }

  /** From here on other connections may bring the slice up to date. */
  #share(entry: SliceEntry, slice: Slice): void {
    slice.recent = new RecentChanges(slice.point.seq, this.#order())
    sliceCache.keep(entry, slice)
  }

  #drop(dataset: string, entry: SliceEntry, slice: Slice): void {
    if (this.#private.delete(dataset)) slice.dispose()
    else {
      entry.slice = undefined
      slice.dispose()
    }
  }

  /** A saved index on this snapshot's history; the changes since are folded in by `view`. */
  #load(
    journal: Journal,
    dataset: string,
    entry: SliceEntry,
    head: JournalHead,
    writing: boolean,
  ): Slice | undefined {
    const slice = this.#upkeep.storage.load(this.#shadow.name, dataset, this.#recipe)
    if (!slice) return undefined
    if (!journal.follows(slice.point, head)) {
      slice.dispose()
      return undefined
    }
    if (writing) this.#private.set(dataset, slice)
    else this.#share(entry, slice)
    return slice
  }

  #build(
    dataset: string,
    entry: SliceEntry,
    head: JournalHead,
    writing: boolean,
    better?: VectorIndex,
  ): Slice {
    let slice = this.#filled(dataset, head, better)
    // What came first may have been unlike the rest: another kind of index needs all the vectors once more.
    const successor = slice.index?.strategy?.choose()
    if (successor) {
      slice.dispose()
      slice = this.#filled(dataset, head, successor)
      slice.index?.strategy?.choose()?.dispose()
    }
    if (writing) this.#private.set(dataset, slice)
    else {
      this.#share(entry, slice)
      this.#upkeep.suggest(slice)
    }
    return slice
  }

  /** A slice of all rows of a dataset; `index`, an empty one, takes them unless they are of another dimension. */
  #filled(dataset: string, head: JournalHead, index: VectorIndex | undefined): Slice {
    const slice = new Slice(this.#recipe, pointOf(head), 0, undefined, index)
    try {
      visitRows(this.#shadow, dataset, (id, embedding) => slice.add(id, embedding))
      slice.flush()
      slice.ids.trim()
    } catch (error) {
      slice.dispose()
      throw error
    }
    return slice
  }

  #catchUp(
    journal: Journal,
    head: JournalHead,
    dataset: string,
    entry: SliceEntry,
    stale: Slice,
    writing: boolean,
  ): SliceView {
    let slice = stale
    const own = this.#private.get(dataset) === slice
    const limit = Math.max(1000, Math.floor(slice.count / 5))
    const ids = journal.changedIds(slice.point.seq, this.#shadow.name, dataset, limit)
    const seq = head.seq
    if (ids && ids.length > 0 && writing && !own)
      return { slice, changed: ids, dataset, seq, writing }
    let better: VectorIndex | undefined
    if (ids && (own || !writing)) {
      try {
        if (ids.length > 0) better = this.#fold(dataset, slice, ids)
      } catch (error) {
        // Half of the changes are in it: the next query builds a new one.
        this.#drop(dataset, entry, slice)
        throw error
      }
      slice.point = pointOf(head)
      if (!own) slice.recent.add(seq, ids, this.#order())
      if (!own) this.#upkeep.suggest(slice)
    }
    // Too many changes, or rows whose dimension decides what is a member at all: a full look costs less than the rest.
    const rebuild =
      !ids ||
      better !== undefined ||
      (ids.length > 0 && (slice.mixed || slice.count === 0 || slice.mostlyTombstones))
    if (!rebuild) return { slice, changed: [], dataset, seq, writing }
    if (!writing || own) this.#drop(dataset, entry, slice)
    slice = this.#build(dataset, entry, head, writing, better)
    return { slice, changed: [], dataset, seq, writing }
  }

  /** Makes the index hold the present rows of these ids. An empty index of a kind that suits them all better is returned. */
  #fold(dataset: string, slice: Slice, ids: readonly Uint8Array[]): VectorIndex | undefined {
    for (const id of ids) slice.remove(id)
    for (const id of ids) {
      rowByKey(this.#shadow, dataset, id, row => {
        const length = embeddingLength(row, 1)
        if (length > 0 && length % 4 === 0) slice.add(id, row.bytes(1))
      })
    }
    slice.flush()
    return slice.index?.strategy?.choose()
  }

  #countVectors(dataset: string, slice: Slice): number {
    return countOf(
      this.#shadow,
      `SELECT count(*) FROM {table} WHERE ${OF_DATASET}
       AND length(CAST(embedding AS BLOB)) = ?2 AND typeof(id) = 'text' ${this.#shadow.visible}`,
      [dataset, slice.dim * 4],
    )
  }
}

function pointOf(head: JournalHead): { epoch: number; seq: number; tag: bigint } {
  return { epoch: head.epoch, seq: head.seq, tag: head.tag }
}
