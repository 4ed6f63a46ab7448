import { machineMemory } from '../../core/machine-memory.ts'
import { fileKeyOf } from '../../database/capabilities.ts'
import type { Database } from '../../database/database.ts'
import type { DatasetIndex } from './dataset-index.ts'

/** Indexes of one database file: shared by all connections of this process that have it open. */
export class FileIndexes {
  readonly key: string
  readonly entries: Map<string, CacheEntry> = new Map()
  connections = 0

  constructor(key: string) {
    this.key = key
  }
}

/** A place for an index. It stays when its index is forgotten, so that `vec_invalidate` can tell how many it touched. */
export interface CacheEntry {
  readonly shadow: string
  readonly dataset: string
  datasetIndex: DatasetIndex | undefined
  /** When it was last searched, on the cache's own clock: one search of any dataset after the other. */
  used: number
  /** Searches of any dataset from one search of this one to the next, lately; Infinity before the second. */
  period: number
  /** Memory that its index took when it was last there. */
  bytes: number | undefined
  /** `onFull` was called. */
  refused: boolean
}

/** An index that found no space: the table itself answers for its dataset. */
export interface CacheFull {
  readonly shadow: string
  readonly dataset: string
  /** Memory that the index would take, about. */
  readonly bytes: number
  readonly limit: number
}

const LEAST_LIMIT = 2 ** 30
/** The part of the machine's memory that indexes may take. */
const MEMORY_SHARE = 1 / 4
/**
 * An index is forgotten for another one if it has not been searched for so many times the other's period. So datasets that
 * are searched in turn, and do not fit together, do not evict each other with every search.
 */
const IDLE_PERIODS = 4
/** Places without an index are nearly free, but a caller may ask for any number of datasets. */
const MAX_ENTRIES = 20_000

class IndexCache {
  readonly #files = new Map<string, FileIndexes>()
  readonly #held = new WeakMap<Database, Set<FileIndexes>>()
  #clock = 0
  #limit: number | undefined
  /** Told when an index finds no space; again for the same dataset once it had some. */
  onFull: ((full: CacheFull) => void) | undefined

  /** Bytes of memory for all indexes of this process. */
  get limit(): number {
    this.#limit ??= Math.max(LEAST_LIMIT, machineMemory() * MEMORY_SHARE)
    return this.#limit
  }

  set limit(bytes: number) {
    if (!(bytes >= 0))
      throw new RangeError(`the limit must be a number of bytes from 0, got ${bytes}`)
    this.#limit = bytes
    this.#evict(undefined)
  }

  /** The indexes of the file behind a schema of a connection, held until the connection is closed. */
  attach(db: Database, schema: string): FileIndexes {
    const key = fileKeyOf(db, schema)
    let held = this.#held.get(db)
    if (!held) this.#held.set(db, (held = new Set()))
    let file = this.#files.get(key)
    if (!file) this.#files.set(key, (file = new FileIndexes(key)))
    if (!held.has(file)) {
      held.add(file)
      file.connections++
      const attached = file
      db.onClose?.(() => this.#detach(attached))
    }
    return file
  }

  entry(file: FileIndexes, shadow: string, dataset: string, spec: string): CacheEntry {
    const key = `${shadow}\0${spec}\0${dataset}`
    let entry = file.entries.get(key)
    if (!entry) {
      if (file.entries.size >= MAX_ENTRIES) dropEmpty(file)
      const unused = { datasetIndex: undefined, used: 0, period: Infinity, bytes: undefined }
      file.entries.set(key, (entry = { shadow, dataset, ...unused, refused: false }))
    }
    return entry
  }

  /** A search asks for the index of an entry. */
  touch(entry: CacheEntry): void {
    const now = ++this.#clock
    if (entry.used > 0) {
      const period = now - entry.used
      entry.period = entry.period === Infinity ? period : (entry.period + period) / 2
    }
    entry.used = now
  }

  /**
   * Whether an index that is not in memory may be made or read: there is space for it, or there is where others have been idle
   * for long compared with it. `estimate`: the memory it takes, if that is not known.
   */
  admits(entry: CacheEntry, estimate: () => number): boolean {
    const residents = this.#residents(entry)
    if (residents.length === 0) return true
    const bytes = entry.bytes ?? estimate()
    let space = this.limit - this.bytes
    for (const resident of residents) {
      if (space >= bytes) break
      if (!(this.#clock - resident.used > IDLE_PERIODS * entry.period)) {
        this.#refuse(entry, bytes)
        return false
      }
      space += resident.datasetIndex?.bytes ?? 0
    }
    return true
  }

  #refuse(entry: CacheEntry, bytes: number): void {
    if (entry.refused) return
    entry.refused = true
    const { shadow, dataset } = entry
    this.onFull?.({ shadow, dataset, bytes, limit: this.limit })
  }

  /** Entries with an index, those that were not searched for longest first; without one of them. */
  #residents(without: CacheEntry | undefined): CacheEntry[] {
    const residents: CacheEntry[] = []
    for (const file of this.#files.values()) {
      for (const entry of file.entries.values()) {
        if (entry.datasetIndex && entry !== without) residents.push(entry)
      }
    }
    return residents.toSorted((a, b) => a.used - b.used)
  }

  /** Puts an index in its place, and others out of theirs where memory is short. */
  keep(entry: CacheEntry, datasetIndex: DatasetIndex): void {
    if (entry.datasetIndex !== datasetIndex) entry.datasetIndex?.dispose()
    entry.datasetIndex = datasetIndex
    entry.refused = false
    this.#evict(entry)
  }

  /** Forgets the indexes of a shadow table, of one dataset unless it is undefined; how many places there were. */
  forget(fileKey: string, shadow: string, dataset: string | undefined): number {
    let touched = 0
    for (const entry of this.#files.get(fileKey)?.entries.values() ?? []) {
      if (entry.shadow !== shadow || (dataset !== undefined && entry.dataset !== dataset)) continue
      drop(entry)
      touched++
    }
    return touched
  }

  /** Indexes in memory now, over all files. */
  get bytes(): number {
    let bytes = 0
    for (const file of this.#files.values()) {
      for (const { datasetIndex } of file.entries.values()) bytes += datasetIndex?.bytes ?? 0
    }
    return bytes
  }

  #detach(file: FileIndexes): void {
    if (--file.connections > 0) return
    for (const entry of file.entries.values()) drop(entry)
    if (this.#files.get(file.key) === file) this.#files.delete(file.key)
  }

  #evict(keep: CacheEntry | undefined): void {
    let { bytes } = this
    if (bytes <= this.limit) return
    for (const entry of this.#residents(keep)) {
      if (bytes <= this.limit) return
      bytes -= entry.datasetIndex!.bytes
      drop(entry)
    }
  }
}

function drop(entry: CacheEntry): void {
  entry.bytes = entry.datasetIndex?.bytes ?? entry.bytes
  entry.datasetIndex?.dispose()
  entry.datasetIndex = undefined
}

function dropEmpty(file: FileIndexes): void {
  for (const [key, entry] of file.entries) if (!entry.datasetIndex) file.entries.delete(key)
}

/** The indexes of this process. */
export const indexCache: IndexCache = new IndexCache()
