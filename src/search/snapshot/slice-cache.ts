import { fileKeyOf } from '../../database/capabilities.ts'
import type { Database } from '../../database/database.ts'
import type { Slice } from './slice.ts'

/** Slices of one database file: shared by all connections of this process that have it open. */
export class FileSlices {
  readonly key: string
  readonly entries: Map<string, SliceEntry> = new Map()
  connections = 0

  constructor(key: string) {
    this.key = key
  }
}

/** A place for a slice. It stays when its slice is forgotten, so that `vec_invalidate` can tell how many it touched. */
export interface SliceEntry {
  readonly shadow: string
  readonly dataset: string
  slice: Slice | undefined
  /** When it was last searched, on the cache's own clock. */
  used: number
}

/** Memory that indexes may take before those that were not searched for longest are forgotten. */
const DEFAULT_LIMIT = 2 ** 30
/** Places without a slice are nearly free, but a caller may ask for any number of datasets. */
const MAX_ENTRIES = 20_000

class SliceCache {
  readonly #files = new Map<string, FileSlices>()
  readonly #held = new WeakMap<Database, Set<FileSlices>>()
  #clock = 0
  #limit = DEFAULT_LIMIT

  /** Bytes of memory for all indexes of this process. */
  get limit(): number {
    return this.#limit
  }

  set limit(bytes: number) {
    if (!(bytes >= 0)) throw new RangeError(`the limit is a number of bytes from 0, not ${bytes}`)
    this.#limit = bytes
    this.#evict(undefined)
  }

  /** The slices of the file behind a schema of a connection, held until the connection is closed. */
  attach(db: Database, schema: string): FileSlices {
    const key = fileKeyOf(db, schema)
    let held = this.#held.get(db)
    if (!held) this.#held.set(db, (held = new Set()))
    let file = this.#files.get(key)
    if (!file) this.#files.set(key, (file = new FileSlices(key)))
    if (!held.has(file)) {
      held.add(file)
      file.connections++
      const attached = file
      db.onClose?.(() => this.#detach(attached))
    }
    return file
  }

  entry(file: FileSlices, shadow: string, dataset: string, recipe: string): SliceEntry {
    const key = `${shadow}\0${recipe}\0${dataset}`
    let entry = file.entries.get(key)
    if (!entry) {
      if (file.entries.size >= MAX_ENTRIES) dropEmpty(file)
      file.entries.set(key, (entry = { shadow, dataset, slice: undefined, used: 0 }))
    }
    entry.used = ++this.#clock
    return entry
  }

  /** Puts a slice in its place, and others out of theirs where memory is short. */
  keep(entry: SliceEntry, slice: Slice): void {
    if (entry.slice !== slice) entry.slice?.dispose()
    entry.slice = slice
    this.#evict(entry)
  }

  /** Forgets the slices of a shadow table, of one dataset unless it is undefined; how many places there were. */
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
      for (const { slice } of file.entries.values()) bytes += slice?.bytes ?? 0
    }
    return bytes
  }

  #detach(file: FileSlices): void {
    if (--file.connections > 0) return
    for (const entry of file.entries.values()) drop(entry)
    if (this.#files.get(file.key) === file) this.#files.delete(file.key)
  }

  #evict(keep: SliceEntry | undefined): void {
    let bytes = this.bytes
    while (bytes > this.#limit) {
      let oldest: SliceEntry | undefined
      for (const file of this.#files.values()) {
        for (const entry of file.entries.values()) {
          if (!entry.slice || entry === keep) continue
          if (!oldest || entry.used < oldest.used) oldest = entry
        }
      }
      if (!oldest?.slice) return
      bytes -= oldest.slice.bytes
      drop(oldest)
    }
  }
}

function drop(entry: SliceEntry): void {
  entry.slice?.dispose()
  entry.slice = undefined
}

function dropEmpty(file: FileSlices): void {
  for (const [key, entry] of file.entries) if (!entry.slice) file.entries.delete(key)
}

/** The indexes of this process. */
export const sliceCache: SliceCache = new SliceCache()
