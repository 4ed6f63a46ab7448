import { describeValue } from '../../core/describe-value.ts'
import { machineMemory } from '../../core/machine-memory.ts'
import { fileKeyOf } from '../../database/capabilities.ts'
import type { Database } from '../../database/database.ts'
import type { DatasetIndex } from './dataset-index.ts'

/** The indexes of one database file, shared by all connections of this process that have it open. */
export class FileIndexes {
  readonly key: string
  readonly entries: Map<string, CacheEntry> = new Map()
  connections = 0

  constructor(key: string) {
    this.key = key
  }
}

/** A slot for an index. It stays when its index is discarded, so that `vec_invalidate` can count the slots. */
export interface CacheEntry {
  readonly shadow: string
  readonly dataset: string
  datasetIndex: DatasetIndex | undefined
  /** When the index was last searched, on the cache's own clock, which counts searches of all datasets. */
  used: number
  /**
   * The recent interval between two searches of this dataset, in searches of any dataset; Infinity before the second.
   */
  period: number
  /** The memory of the index when it was last loaded. */
  bytes: number | undefined
  /** Whether `onFull` was called. */
  refused: boolean
  /** How often the table has answered since an index was last built for it. */
  scans: number
}

/**
 * An index that did not fit in memory. Each search of its dataset reads the saved index, or else the table itself.
 */
export interface CacheFull {
  readonly shadow: string
  readonly dataset: string
  /** The approximate memory that the index would take. */
  readonly bytes: number
  readonly limit: number
}

const LEAST_LIMIT = 2 ** 30
/** The share of the machine's memory for indexes. */
const MEMORY_SHARE = 1 / 4
/**
 * An index is evicted for another one if it has been idle for this many times the other's period. So datasets that are
 * searched in turn, and do not fit together, do not evict each other with every search.
 */
const IDLE_PERIODS = 4
/**
 * Datasets without space may have their indexes in memory while they are searched, as guests: up to this share of the
 * limit, and in addition to it.
 */
const GUEST_SHARE = 1 / 4
/** How long a new guest is not replaced before it was saved. Saves wait for half a second. */
const UNSAVED_GUEST_MS = 2000
/** Slots without an index cost almost nothing, but a caller may search any number of datasets. */
const MAX_ENTRIES = 20_000

class IndexCache {
  readonly #files = new Map<string, FileIndexes>()
  readonly #held = new WeakMap<Database, Set<FileIndexes>>()
  #clock = 0
  #limit: number | undefined
  /** The guests, each with the time at which it came. */
  readonly #guests = new Map<CacheEntry, number>()
  /** Called when an index does not fit in memory. Called again for the same dataset only if it fitted in between. */
  onFull: ((full: CacheFull) => void) | undefined

  /** The maximum memory of all indexes of this process, in bytes. */
  get limit(): number {
    this.#limit ??= Math.max(LEAST_LIMIT, machineMemory() * MEMORY_SHARE)
    return this.#limit
  }

  set limit(bytes: number) {
    if (typeof bytes !== 'number' || !(bytes >= 0)) {
      const given = describeValue(bytes)
      throw new RangeError(`indexCache.limit is ${given}: expected a number of bytes from 0`)
    }
    this.#limit = bytes
    this.#evict(undefined)
  }

  /** The indexes of the file behind a schema of a connection, kept until the connection is closed. */
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
      const fresh = { refused: false, scans: 0 }
      file.entries.set(key, (entry = { shadow, dataset, ...unused, ...fresh }))
    }
    return entry
  }

  /** Records a search of an entry's index. A guest stays for good once there is space for it. */
  touch(entry: CacheEntry): void {
    const now = ++this.#clock
    if (entry.used > 0) {
      const period = now - entry.used
      entry.period = entry.period === Infinity ? period : (entry.period + period) / 2
    }
    entry.used = now
    if (this.#guests.has(entry) && entry.datasetIndex && this.admits(entry, () => Infinity)) {
      this.#guests.delete(entry)
      entry.refused = false
      this.#evict(entry)
    }
  }

  /**
   * Whether an index that is not in memory may be built or loaded: there is space for it, or there is once others are
   * evicted that have been idle much longer. `estimate`: the memory it takes, if unknown.
   */
  admits(entry: CacheEntry, estimate: () => number): boolean {
    const residents = this.#residents(entry)
    if (residents.length === 0) return true
    const bytes = entry.datasetIndex?.bytes ?? entry.bytes ?? estimate()
    let space = this.limit - this.#residentBytes
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

  /** Whether an index without space may be a guest: it is small, and takes no place of one that waits to be saved. */
  mayHost(entry: CacheEntry, estimate: () => number): boolean {
    const bytes = entry.bytes ?? estimate()
    const now = performance.now()
    const waits = ([{ datasetIndex }, since]: [CacheEntry, number]): boolean =>
      datasetIndex?.savedSeq === undefined &&
      datasetIndex?.index?.worthSaving === true &&
      now - since < UNSAVED_GUEST_MS
    return bytes <= this.#guestLimit && !this.#leaving(entry, bytes).some(waits)
  }

  /** Makes an entry a guest, in place of others if there is no space for all. The next `keep` brings its index. */
  host(entry: CacheEntry, estimate: () => number): void {
    for (const [guest] of this.#leaving(entry, entry.bytes ?? estimate())) this.#dismiss(guest)
    this.#guests.set(entry, performance.now())
  }

  /**
   * The guests that leave for one of so many bytes: those that have been idle for long, then the newest, so that datasets
   * that are searched in turn do not replace all of them.
   */
  #leaving(entry: CacheEntry, bytes: number): [CacheEntry, number][] {
    const present = [...this.#guests].filter(([guest]) => guest !== entry)
    const isIdle = ({ period, used }: CacheEntry): boolean =>
      this.#clock - used > IDLE_PERIODS * period
    const order = [
      ...present.filter(([guest]) => isIdle(guest)),
      ...present.filter(([guest]) => !isIdle(guest)).toReversed(),
    ]
    let space = this.#guestLimit - this.#guestBytes(entry)
    let leaving = 0
    for (; space < bytes && leaving < order.length; leaving++) {
      space += order[leaving][0].datasetIndex?.bytes ?? 0
    }
    return order.slice(0, leaving)
  }

  #dismiss(guest: CacheEntry): void {
    this.#guests.delete(guest)
    drop(guest)
  }

  get #guestLimit(): number {
    return this.limit * GUEST_SHARE
  }

  #guestBytes(without?: CacheEntry): number {
    let bytes = 0
    for (const guest of this.#guests.keys()) {
      if (guest !== without) bytes += guest.datasetIndex?.bytes ?? 0
    }
    return bytes
  }

  /** Whether the index of an entry is in memory only until another one takes its place. */
  isGuest(entry: CacheEntry): boolean {
    return this.#guests.has(entry)
  }

  #refuse(entry: CacheEntry, bytes: number): void {
    if (entry.refused) return
    entry.refused = true
    const { shadow, dataset } = entry
    this.onFull?.({ shadow, dataset, bytes, limit: this.limit })
  }

  /** Entries with an index except one and the guests, least recently searched first. */
  #residents(without: CacheEntry | undefined): CacheEntry[] {
    const residents: CacheEntry[] = []
    for (const file of this.#files.values()) {
      for (const entry of file.entries.values()) {
        if (entry.datasetIndex && entry !== without && !this.#guests.has(entry))
          residents.push(entry)
      }
    }
    return residents.toSorted((a, b) => a.used - b.used)
  }

  /** Stores an index in its entry, and evicts others when memory is short. */
  keep(entry: CacheEntry, datasetIndex: DatasetIndex): void {
    if (entry.datasetIndex !== datasetIndex) entry.datasetIndex?.dispose()
    entry.datasetIndex = datasetIndex
    entry.scans = 0
    if (this.#guests.has(entry)) return
    entry.refused = false
    this.#evict(entry)
  }

  /** Discards the indexes of a shadow table, or of one dataset if it is given. Returns the number of entries. */
  forget(fileKey: string, shadow: string, dataset: string | undefined): number {
    let touched = 0
    for (const entry of this.#files.get(fileKey)?.entries.values() ?? []) {
      if (entry.shadow !== shadow || (dataset !== undefined && entry.dataset !== dataset)) continue
      drop(entry)
      touched++
    }
    return touched
  }

  /** The memory of all indexes, over all files. */
  get bytes(): number {
    let bytes = 0
    for (const file of this.#files.values()) {
      for (const { datasetIndex } of file.entries.values()) bytes += datasetIndex?.bytes ?? 0
    }
    return bytes
  }

  /** Without guests. */
  get #residentBytes(): number {
    return this.bytes - this.#guestBytes()
  }

  #detach(file: FileIndexes): void {
    if (--file.connections > 0) return
    for (const entry of file.entries.values()) this.#dismiss(entry)
    if (this.#files.get(file.key) === file) this.#files.delete(file.key)
  }

  #evict(keep: CacheEntry | undefined): void {
    for (const guest of [...this.#guests.keys()].toReversed()) {
      if (guest.datasetIndex && this.#guestBytes() > this.#guestLimit) this.#dismiss(guest)
    }
    let bytes = this.#residentBytes
    if (bytes <= this.limit) return
    for (const entry of this.#residents(keep)) {
      if (bytes <= this.limit) return
      bytes -= entry.datasetIndex!.bytes
      drop(entry)
    }
  }
}

function drop(entry: CacheEntry): void {
  const { datasetIndex } = entry
  // It comes back without clusters.
  datasetIndex?.clusters.dispose()
  entry.bytes = datasetIndex?.bytes ?? entry.bytes
  datasetIndex?.dispose()
  entry.datasetIndex = undefined
}

function dropEmpty(file: FileIndexes): void {
  for (const [key, entry] of file.entries) if (!entry.datasetIndex) file.entries.delete(key)
}

/** The indexes of this process. */
export const indexCache: IndexCache = new IndexCache()
