import { pause } from '../../core/pause.ts'
import {
  fileKeyOf,
  isReadonly,
  transactionStateOf,
  unnoticed,
  waitingAtMost,
} from '../../database/capabilities.ts'
import type { Database } from '../../database/database.ts'
import { transaction } from '../../database/transaction.ts'
import type { DatasetIndex } from '../memory/dataset-index.ts'
import type { FileIndexes } from '../memory/index-cache.ts'
import { NO_FOREIGN_INDEXES, type ForeignIndexes } from '../schema/foreign-indexes.ts'
import { IndexStore } from './index-store.ts'
import { foldLog, pauseAfter } from './other-writers.ts'
import { isUnsaved, rangeOf, SaveRun, TAIL_ROWS, type SavedFile } from './save-run.ts'

/** How long a connection must be idle before indexes are saved in the background. */
const IDLE_MS = 500
/** How long a save waits before it tries again to lock a file that is busy. */
const RETRY_MS = 20
/** How long a step in the background waits for a lock. Other writers leave gaps; the first step does not wait for them. */
const STEP_PATIENCE_MS = 20
/** The number of steps in a row that find the file busy before a save in the background is given up. */
const MOST_RETRIES = 500
/** How long closing may wait for another connection's lock before it gives up saving indexes: for one step, and in all. */
const CLOSE_PATIENCE_MS = 1000
const CLOSE_LIMIT_MS = 10_000
/** This share of the rows makes a save worth its write. */
const TAIL_SHARE = 0.05

/**
 * Saves indexes and prunes the journal without delaying queries: when the connection is idle, and when it is closed. It
 * saves only indexes that report that they are worth it; small ones are built faster than they are read. A large index
 * is saved in steps, between which other connections can write.
 */
export class Maintenance {
  readonly store: IndexStore
  readonly #db: Database
  readonly #of: SavedFile
  #timer: ReturnType<typeof setTimeout> | undefined
  /** The save in the background. */
  #run: SaveRun | undefined
  /** Suggested while a save was under way. */
  readonly #later = new Set<DatasetIndex>()
  #retries = 0

  constructor(db: Database, schema: string, file: FileIndexes, foreign: ForeignIndexes) {
    this.#db = db
    this.store = new IndexStore(db, schema)
    this.#of = { db, schema, file, foreign, store: this.store }
    db.onClose?.(() => {
      clearTimeout(this.#timer)
      this.save(CLOSE_PATIENCE_MS)
    })
  }

  /** Called when an index was built or has changed. Schedules a save if it is worth it. */
  suggest(datasetIndex: DatasetIndex): void {
    if (!isWorthSaving(datasetIndex)) return
    if (this.#run) this.#later.add(datasetIndex)
    else if (this.#timer === undefined) this.#schedule(IDLE_MS)
  }

  /** Saves inside a statement or transaction of the caller, on request. */
  saveNow(): boolean {
    if (!this.#writable) return false
    try {
      unnoticed(this.#db, () => this.#saveAll())
      return true
    } catch (error) {
      if (isDiskFailure(error)) throw error
      // Busy, or no journal yet. No data is lost: the next process builds the index again.
      return false
    }
  }

  /** Deletes the saved index of a dataset, unless it was exported for the original. */
  forgetSaved(shadow: string, dataset: string): void {
    const { db, foreign, schema } = this.#of
    if (!this.#writable || foreign.isKept({ db, schema, name: shadow }, dataset)) return
    this.store.drop(shadow, dataset)
  }

  /**
   * Saves unsaved indexes and prunes the journal, or finishes what is being done in the background. `patience`: how long
   * a step may wait for a lock. Returns false if that is impossible now.
   */
  save(patience: number): boolean {
    const begun = this.#run
    this.#run = undefined
    const end = performance.now() + CLOSE_LIMIT_MS
    // A run saves an index once. Since then, it may have changed, or its clusters may have been made.
    const isFree = begun === undefined || this.#finish(begun, patience, end)
    return isFree && this.#finish(new SaveRun(this.#of), patience, end)
  }

  #finish(run: SaveRun, patience: number, end: number): boolean {
    try {
      if (!this.#idle) return false
      for (;;) {
        const wait = this.#step(run, performance.now() < end ? patience : 0)
        if (wait === undefined) return true
        pause(wait)
      }
    } catch {
      // Busy, a full disk, or no journal yet. No data is lost: the next process builds the index again.
      return false
    } finally {
      run.end()
    }
  }

  #schedule(milliseconds: number): void {
    const timer = setTimeout(() => {
      this.#timer = undefined
      const wait = this.#inBackground()
      if (wait !== undefined) this.#schedule(wait)
    }, milliseconds)
    // A program that has finished need not wait: close() also saves.
    ;(timer as { unref?: () => void }).unref?.()
    this.#timer = timer
  }

  /** The next step. Returns the time until the one after it; undefined: there is none. */
  #inBackground(): number | undefined {
    const begun = this.#run !== undefined
    let retry = false
    try {
      if (this.#idle) {
        this.#run ??= new SaveRun(this.#of)
        const wait = this.#step(this.#run, begun ? STEP_PATIENCE_MS : 0)
        this.#retries = 0
        if (wait !== undefined) return wait
      } else retry = begun
    } catch (error) {
      retry = isBusy(error)
    }
    if (retry && ++this.#retries <= MOST_RETRIES) return RETRY_MS
    this.#run?.end()
    this.#run = undefined
    this.#retries = 0
    const more = [...this.#later].some(isWorthSaving)
    this.#later.clear()
    return more ? IDLE_MS : undefined
  }

  /** Returns how long to leave the file to others before the next step; undefined: there is none. */
  #step(run: SaveRun, patience: number): number | undefined {
    const db = this.#db
    const began = performance.now()
    const more = unnoticed(db, () => waitingAtMost(db, patience, () => run.step()))
    if (!more) return undefined
    const locked = performance.now() - began
    foldLog(db, this.#of.schema)
    return pauseAfter(locked)
  }

  /** Whether the connection can write a transaction of its own now. */
  get #idle(): boolean {
    const db = this.#db
    return db.open && !db.inTransaction && transactionStateOf(db) === 'none' && this.#writable
  }

  /** Whether the file is writable, and is still the file of the schema: DETACH and ATTACH may have replaced it. */
  get #writable(): boolean {
    const { db, file, schema } = this.#of
    return fileKeyOf(db, schema) === file.key && !isReadonly(db, schema)
  }

  /** Saves all unsaved indexes and prunes the whole journal in one transaction. */
  #saveAll(): void {
    const { db, file, foreign, schema } = this.#of
    const unsaved = [...file.entries.values()].filter(entry => isUnsaved(this.#of, entry))
    const range = rangeOf(db, schema)
    const prunes = range !== undefined && range.last - range.first > TAIL_ROWS
    if (unsaved.length === 0 && !prunes) return
    transaction(db, () => {
      for (const { shadow, dataset, datasetIndex } of unsaved)
        this.store.save(shadow, dataset, datasetIndex!)
      const last = rangeOf(db, schema)?.last ?? 0
      for (let more = last > 0; more;) more = this.store.prune(last) > 0
      foreign.retireGuards(db, schema)
    }).immediate()
    for (const { datasetIndex } of unsaved) datasetIndex!.noteSaved()
  }
}

/** Whether the disk is full or fails. A caller who requested the save receives this error; a lock is not a failure. */
function isDiskFailure(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^SQLITE_(IOERR|FULL|CANTOPEN)/.test(code)
}

/** Whether another connection holds a lock. */
function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(String((error as { code?: unknown }).code))
}

function isWorthSaving(datasetIndex: DatasetIndex): boolean {
  if (!datasetIndex.index?.worthSaving) return false
  const { borrowedSeq, clusters, columnsUnsaved, savedSeq = borrowedSeq } = datasetIndex
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
