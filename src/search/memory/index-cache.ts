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
  /** When it was last searched, on the cache's own clock. */
  used: number
}

/** Memory that indexes may take before those that were not searched for longest are forgotten. */
const DEFAULT_LIMIT = 2 ** 30
/** Places without an index are nearly free, but a caller may ask for any number of datasets. */
const MAX_ENTRIES = 20_000

class IndexCache {
  readonly #files = new Map<string, FileIndexes>()
  readonly #held = new WeakMap<Database, Set<FileIndexes>>()
  #clock = 0
  #limit = DEFAULT_LIMIT

  /** Bytes of memory for all indexes of this process. */
  get limit(): number {
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
      file.entries.set(key, (entry = { shadow, dataset, datasetIndex: undefined, used: 0 }))
    }
    entry.used = ++this.#clock
    return entry
  }

  /** Puts an index in its place, and others out of theirs where memory is short. */
  keep(entry: CacheEntry, datasetIndex: DatasetIndex): void {
    if (entry.datasetIndex !== datasetIndex) entry.datasetIndex?.dispose()
    entry.datasetIndex = datasetIndex
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
    let bytes = this.bytes
    while (bytes > this.#limit) {
      let oldest: CacheEntry | undefined
      for (const file of this.#files.values()) {
        for (const entry of file.entries.values()) {
          if (!entry.datasetIndex || entry === keep) continue
          if (!oldest || entry.used < oldest.used) oldest = entry
        }
      }
      if (!oldest?.datasetIndex) return
      bytes -= oldest.datasetIndex.bytes
      drop(oldest)
    }
  }
}

function drop(entry: CacheEntry): void {
  entry.datasetIndex?.dispose()
  entry.datasetIndex = undefined
}

function dropEmpty(file: FileIndexes): void {
  for (const [key, entry] of file.entries) if (!entry.datasetIndex) file.entries.delete(key)
}

/** The indexes of this process. */
export const indexCache: IndexCache = new IndexCache()
