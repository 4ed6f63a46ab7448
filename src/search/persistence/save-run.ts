import { totalChanges } from '../../database/capabilities.ts'
import type { Database } from '../../database/database.ts'
import { transaction } from '../../database/transaction.ts'
import { journalRange } from '../journal/journal.ts'
import type { DatasetIndex } from '../memory/dataset-index.ts'
import type { CacheEntry, FileIndexes } from '../memory/index-cache.ts'
import type { ForeignIndexes } from '../schema/foreign-indexes.ts'
import type { IndexSave } from './index-save.ts'
import type { IndexStore } from './index-store.ts'

/** A journal with fewer entries is not pruned. */
export const TAIL_ROWS = 10_000
/** The steps in which a run prunes the journal. What is left waits for the next run. */
const MOST_PRUNES = 4

/** A file of a connection whose indexes are saved. */
export interface SavedFile {
  readonly db: Database
  readonly schema: string
  readonly file: FileIndexes
  readonly foreign: ForeignIndexes
  readonly store: IndexStore
}

/** Indexes that another program exported are not replaced. */
function isForeign({ db, foreign, schema }: SavedFile, entry: CacheEntry): boolean {
  return foreign.isKept({ db, schema, name: entry.shadow }, entry.dataset)
}

export function isUnsaved(file: SavedFile, entry: CacheEntry): boolean {
  const { datasetIndex } = entry
  return (
    datasetIndex?.index?.worthSaving === true && datasetIndex.unsaved && !isForeign(file, entry)
  )
}

interface Saving {
  readonly entry: CacheEntry
  readonly datasetIndex: DatasetIndex
  readonly save: IndexSave
  /** So far. */
  steps: number
}

/** Entries that a run of this process saves. The connections of a file share its indexes, but each has its own runs. */
const taken = new WeakSet<CacheEntry>()

/** Saves the unsaved indexes of a file and then prunes its journal, in steps. Each step is a short transaction. */
export class SaveRun {
  readonly #of: SavedFile
  readonly #tried = new Set<CacheEntry>()
  #prunesLeft = MOST_PRUNES
  #saving: Saving | undefined

  constructor(of: SavedFile) {
    this.#of = of
  }

  /** Returns whether more is left. Throws if the file is busy; the step can then be repeated. */
  step(): boolean {
    this.#saving ??= this.#next()
    if (this.#saving) {
      const saving = this.#saving
      if (!this.#isDone(saving)) return true
      this.end()
      this.#saving = this.#next()
      // Pruning locks the file as long as a step does. A save of one step is hardly noticed.
      if (this.#saving || saving.steps > 1) return true
    }
    return this.#prune()
  }

  /** Gives up what is left. */
  end(): void {
    if (this.#saving) taken.delete(this.#saving.entry)
    this.#saving = undefined
  }

  #isDone(saving: Saving): boolean {
    const { datasetIndex, entry, save } = saving
    if (entry.datasetIndex !== datasetIndex) return true
    saving.steps++
    const progress = save.step()
    if (progress === 'done') datasetIndex.noteSaved()
    return progress !== 'more'
  }

  #next(): Saving | undefined {
    const { file, store } = this.#of
    for (const entry of file.entries.values()) {
      if (this.#tried.has(entry) || taken.has(entry) || !isUnsaved(this.#of, entry)) continue
      this.#tried.add(entry)
      taken.add(entry)
      const datasetIndex = entry.datasetIndex!
      const save = store.begin(entry.shadow, entry.dataset, datasetIndex)
      return { entry, datasetIndex, save, steps: 0 }
    }
    return undefined
  }

  /** Connections that only read leave the journal to those that write. Returns whether to go on with it. */
  #prune(): boolean {
    const { db, foreign, schema, store } = this.#of
    const range = rangeOf(db, schema)
    const prunes = totalChanges(db) > 0 && range && range.last - range.first > TAIL_ROWS
    if (this.#tried.size === 0 && !prunes) return false
    return transaction(db, () => {
      const last = rangeOf(db, schema)?.last ?? 0
      const pruned = last > 0 && store.prune(last) > 0
      foreign.retireGuards(db, schema)
      return pruned && --this.#prunesLeft > 0
    }).immediate()
  }
}

/** Undefined if the journal is missing or cannot be pruned. */
export function rangeOf(db: Database, schema: string): ReturnType<typeof journalRange> {
  try {
    return journalRange(db, schema)
  } catch {
    return undefined
  }
}
