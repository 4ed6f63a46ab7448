import {
  fileKeyOf,
  isReadonly,
  totalChanges,
  transactionStateOf,
  unnoticed,
  waitingAtMost,
} from '../../database/capabilities.ts'
import type { Database } from '../../database/database.ts'
import { transaction } from '../../database/transaction.ts'
import { journalRange } from '../journal/journal.ts'
import type { DatasetIndex } from '../memory/dataset-index.ts'
import type { FileIndexes } from '../memory/index-cache.ts'
import { NO_FOREIGN_INDEXES, type ForeignIndexes } from '../schema/foreign-indexes.ts'
import { IndexStore } from './index-store.ts'

/** How long a connection must be idle before indexes are saved in the background. */
const IDLE_MS = 500
/** How long closing may wait for another connection's lock before it gives up saving indexes. */
const CLOSE_PATIENCE_MS = 1000
/** This many changes, or this share of the rows, make a save worth its write. */
const TAIL_ROWS = 10_000
const TAIL_SHARE = 0.05

/**
 * Saves indexes and prunes the journal without delaying queries: when the connection is idle, and when it is closed. It
 * saves only indexes that report that they are worth it; small ones are built faster than they are read.
 */
export class Maintenance {
  readonly store: IndexStore
  readonly #db: Database
  readonly #schema: string
  readonly #file: FileIndexes
  readonly #foreign: ForeignIndexes
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(db: Database, schema: string, file: FileIndexes, foreign: ForeignIndexes) {
    this.#db = db
    this.#schema = schema
    this.#file = file
    this.#foreign = foreign
    this.store = new IndexStore(db, schema)
    db.onClose?.(() => {
      clearTimeout(this.#timer)
      this.save(CLOSE_PATIENCE_MS)
    })
  }

  /** Called when an index was built or has changed. Schedules a save if it is worth it. */
  suggest(datasetIndex: DatasetIndex): void {
    if (this.#timer !== undefined || !isWorthSaving(datasetIndex)) return
    const timer = setTimeout(() => {
      this.#timer = undefined
      this.save(0)
    }, IDLE_MS)
    // A program that has finished need not wait: close() also saves.
    ;(timer as { unref?: () => void }).unref?.()
    this.#timer = timer
  }

  /** Saves inside a statement or transaction of the caller, on request. */
  saveNow(): boolean {
    if (!this.#writable) return false
    return this.#saveAll(undefined, true)
  }

  /** Deletes the saved index of a dataset, unless it was exported for the original. */
  forgetSaved(shadow: string, dataset: string): void {
    if (!this.#writable || this.#isForeign(shadow, dataset)) return
    this.store.drop(shadow, dataset)
  }

  /** Saves unsaved indexes and prunes the journal; returns false if that is impossible now. */
  save(patience: number): boolean {
    const db = this.#db
    if (!db.open || db.inTransaction || transactionStateOf(db) !== 'none') return false
    if (!this.#writable) return false
    return this.#saveAll(patience)
  }

  /** Whether the file is writable, and is still the file of the schema: DETACH and ATTACH may have replaced it. */
  get #writable(): boolean {
    const db = this.#db
    return fileKeyOf(db, this.#schema) === this.#file.key && !isReadonly(db, this.#schema)
  }

  #isForeign(shadow: string, dataset: string): boolean {
    return this.#foreign.isKept({ db: this.#db, schema: this.#schema, name: shadow }, dataset)
  }

  /**
   * `thorough`: prunes the whole journal instead of a part that is small enough to go unnoticed, and throws when the
   * disk fails.
   */
  #saveAll(patience: number | undefined, thorough = false): boolean {
    try {
      const save = (): void => unnoticed(this.#db, () => this.#trySaveAll(thorough))
      if (patience === undefined) save()
      else waitingAtMost(this.#db, patience, save)
      return true
    } catch (error) {
      if (thorough && isDiskFailure(error)) throw error
      // Busy, a full disk, or no journal yet. No data is lost: the next process builds the index again.
      return false
    }
  }

  #trySaveAll(thorough: boolean): void {
    const db = this.#db
    const unsaved = [...this.#file.entries.values()].filter(
      ({ shadow, dataset, datasetIndex }) =>
        datasetIndex?.index?.worthSaving &&
        datasetIndex.unsaved &&
        !this.#isForeign(shadow, dataset),
    )
    const range = this.#range()
    // Connections that only read leave the journal to those that write.
    const prune =
      (thorough || totalChanges(db) > 0) &&
      range !== undefined &&
      range.last - range.first > TAIL_ROWS
    if (unsaved.length === 0 && !prune) return
    transaction(db, () => {
      for (const { shadow, dataset, datasetIndex } of unsaved)
        this.store.save(shadow, dataset, datasetIndex!)
      const last = this.#range()?.last ?? 0
      for (let more = last > 0; more;) more = this.store.prune(last) > 0 && thorough
      this.#foreign.retireGuards(db, this.#schema)
    }).immediate()
    for (const { datasetIndex } of unsaved) datasetIndex!.noteSaved()
  }

  /** Undefined if the journal is missing or cannot be pruned. */
  #range(): ReturnType<typeof journalRange> {
    try {
      return journalRange(this.#db, this.#schema)
    } catch {
      return undefined
    }
  }
}

/** Whether the disk is full or fails. A caller who requested the save receives this error; a lock is not a failure. */
function isDiskFailure(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^SQLITE_(IOERR|FULL|CANTOPEN)/.test(code)
}

function isWorthSaving(datasetIndex: DatasetIndex): boolean {
  if (!datasetIndex.index?.worthSaving) return false
  const { clusters, columnsUnsaved, savedSeq } = datasetIndex
  if (savedSeq === undefined || columnsUnsaved || clusters.unsaved) return true
  return (
    datasetIndex.logPosition.seq - savedSeq > Math.max(TAIL_ROWS, datasetIndex.count * TAIL_SHARE)
  )
}

const known = new WeakMap<Database, Map<string, Maintenance>>()

/** The maintenance task of a file that is attached to this connection under the given schema name. */
export function maintenanceOf(
  db: Database,
  schema: string,
  file: FileIndexes,
  foreign: ForeignIndexes = NO_FOREIGN_INDEXES,
): Maintenance {
  let ofDb = known.get(db)
  if (!ofDb) known.set(db, (ofDb = new Map()))
  const key = `${schema}\0${file.key}`
  let maintenance = ofDb.get(key)
  if (!maintenance) ofDb.set(key, (maintenance = new Maintenance(db, schema, file, foreign)))
  return maintenance
}
