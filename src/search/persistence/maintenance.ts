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

/** How long a connection must be idle before indexes are saved on the side. */
const IDLE_MS = 500
/** How long closing may wait for another connection's lock before the indexes stay unsaved. */
const CLOSE_PATIENCE_MS = 1000
/** So many changes, or this share of the rows, make a save worth its write. */
const TAIL_ROWS = 10_000
const TAIL_SHARE = 0.05

/**
 * Saves indexes and prunes the journal, never in the way of a query: when the connection is idle, and when it is
 * closed. Only indexes that say they are worth it are saved; small ones are built faster than they are read.
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

  /** An index was built or has changed: it is saved on the side if that is worth it. */
  suggest(datasetIndex: DatasetIndex): void {
    if (this.#timer !== undefined || !isWorthSaving(datasetIndex)) return
    const timer = setTimeout(() => {
      this.#timer = undefined
      this.save(0)
    }, IDLE_MS)
    // A program that is done need not wait: close() saves as well.
    ;(timer as { unref?: () => void }).unref?.()
    this.#timer = timer
  }

  /** Saves in the middle of a statement or a transaction of the caller, who asked for it. */
  saveNow(): boolean {
    if (!this.#writable) return false
    return this.#saveAll(undefined, true)
  }

  /** Deletes the saved index of a dataset, but not one that was exported for the original. */
  forgetSaved(shadow: string, dataset: string): void {
    if (!this.#writable || this.#isForeign(shadow, dataset)) return
    this.store.drop(shadow, dataset)
  }

  /** Saves what is not saved, and prunes the journal; false when that was not possible now. */
  save(patience: number): boolean {
    const db = this.#db
    if (!db.open || db.inTransaction || transactionStateOf(db) !== 'none') return false
    if (!this.#writable) return false
    return this.#saveAll(patience)
  }

  /** The file can be written, and is still the one behind the schema's name: DETACH and ATTACH may have come between. */
  get #writable(): boolean {
    const db = this.#db
    return fileKeyOf(db, this.#schema) === this.#file.key && !isReadonly(db, this.#schema)
  }

  #isForeign(shadow: string, dataset: string): boolean {
    return this.#foreign.isKept({ db: this.#db, schema: this.#schema, name: shadow }, dataset)
  }

  /** `thorough`: the whole journal is pruned, and not only a part small enough to go unnoticed. Throws when the disk fails then. */
  #saveAll(patience: number | undefined, thorough = false): boolean {
    try {
      const save = (): void => unnoticed(this.#db, () => this.#trySaveAll(thorough))
      if (patience === undefined) save()
      else waitingAtMost(this.#db, patience, save)
      return true
    } catch (error) {
      if (thorough && isDiskFailure(error)) throw error
      // Busy, a full disk, no journal yet: nothing is lost, the next process builds the index again.
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
    // Who only reads leaves the journal to those who write.
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

  /** Undefined: there is no journal, or none that can be pruned. */
  #range(): ReturnType<typeof journalRange> {
    try {
      return journalRange(this.#db, this.#schema)
    } catch {
      return undefined
    }
  }
}

/** The caller of a save learns that the disk is full or fails; a lock is not a failure. */
function isDiskFailure(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^SQLITE_(IOERR|FULL|CANTOPEN)/.test(code)
}

function isWorthSaving(datasetIndex: DatasetIndex): boolean {
  if (!datasetIndex.index?.worthSaving) return false
  if (datasetIndex.savedSeq === undefined || datasetIndex.columnsUnsaved) return true
  return (
    datasetIndex.logPosition.seq - datasetIndex.savedSeq >
    Math.max(TAIL_ROWS, datasetIndex.count * TAIL_SHARE)
  )
}

const known = new WeakMap<Database, Map<string, Maintenance>>()

/** The maintenance of one file on one connection, under the name that the file has there. */
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
