import { checksum } from '../../accelerators/checksum.ts'
import { compareBytes } from '../../core/id-table.ts'
import type { Database } from '../../database/database.ts'
import { firstRow, numberOf, run } from '../../database/query.ts'
import { transaction } from '../../database/transaction.ts'
import type { IndexImage, IndexSection } from '../../index/vector-index.ts'
import type { DatasetIndex } from '../memory/dataset-index.ts'
import { BLOCKS, STORAGE } from '../schema/layout.ts'
import { quoteName, storageName } from '../schema/names.ts'
import {
  BLOCK_BYTES,
  encodeManifest,
  fingerprintOf,
  IDS_POOL,
  IDS_STARTS,
  incompleteManifest,
  knownManifest,
  type Manifest,
} from './manifest.ts'

/** The limits of a step. Tests make it shorter. */
export const saveStep: { bytes: number } = { bytes: 1 << 23 }

/** The first step writes no more than this, since nothing is known of the disk. A save that needs no more is one step. */
const FIRST_BYTES = 1 << 21
/** A step adapts its size so that it locks the file for about this long. */
const LOCK_MS = 20
/** Less would hardly be faster: a commit waits for the disk several times, whatever it writes. */
const LEAST_BYTES = 1 << 18
/** A step reads this many bytes that need not be written. */
const READ_BYTES = 1 << 26
/** Blocks of an earlier form of the index that a step deletes. */
const DELETED_BLOCKS = 64
/** After this many passes over an index that keeps changing, the rest is written in one step. */
const MOST_PASSES = 3

const NO_BYTES = new Uint8Array(0)

/** `superseded`: another connection has saved or deleted this index meanwhile. */
type SaveProgress = 'more' | 'done' | 'superseded'

/** A block that the file lacks. */
interface MissingBlock {
  readonly section: string
  readonly block: number
  readonly data: Uint8Array
  readonly sum: bigint
}

/**
 * Writes an index to a file: at once, or in steps between which other connections can write. The first of several steps
 * replaces the manifest by one that is incomplete, so that no reader uses the blocks; the last one writes the manifest.
 * The index may change between the steps: a pass then follows that writes the blocks which have changed since.
 */
export class IndexSave {
  readonly #db: Database
  readonly #schema: string
  readonly #key: readonly [name: string, dataset: string]
  readonly #shadow: string
  readonly #datasetIndex: DatasetIndex
  /** The checksums of the blocks in the file, by section. */
  readonly #sums = new Map<string, (bigint | undefined)[]>()
  /** The row of the manifest in the file, as far as this save knows. */
  #expected: Uint8Array | undefined
  #claimed = false
  #parts: { image: IndexImage; sections: readonly IndexSection[] }
  /** The parts beside the index, which are not in its memory, and the state that they show. */
  #beside: IndexSection[] = []
  #state: readonly unknown[] = []
  #section = 0
  #block = 0
  #passes = 0
  /** Whether the index has not changed in this pass. */
  #stable = true
  #bytes = Math.min(FIRST_BYTES, saveStep.bytes)

  constructor(
    db: Database,
    schema: string,
    shadow: string,
    dataset: string,
    datasetIndex: DatasetIndex,
  ) {
    this.#db = db
    this.#schema = schema
    this.#shadow = shadow
    this.#key = [storageName(shadow), dataset]
    this.#datasetIndex = datasetIndex
    this.#parts = this.#read()
    this.#expected = this.#row()
    // If this index was not loaded from the saved form, that may be damaged, and its checksums cannot be trusted.
    const known = datasetIndex.savedSeq === undefined ? undefined : knownManifest(this.#expected)
    for (const { name, checksums } of known?.sections ?? []) this.#sums.set(name, [...checksums])
  }

  /** Writes all in the transaction of the caller. Returns the number of written bytes. */
  whole(): number {
    this.#rewind()
    return this.#write(this.#missing(Infinity)) + this.#finish()
  }

  /** The next step, in a transaction of its own. Throws if the file is busy; the step can then be repeated. */
  step(): SaveProgress {
    if (!this.#datasetIndex.index) return 'superseded'
    const parts = (this.#parts = this.#read())
    const [section, block, passes, stable] = [
      this.#section,
      this.#block,
      this.#passes,
      this.#stable,
    ]
    let missing = this.#missing(this.#bytes)
    let last = this.#section === parts.sections.length
    if (last && !this.#stable) {
      last = ++this.#passes >= MOST_PASSES
      this.#rewind()
      if (last) missing = this.#missing(Infinity)
    }
    if (!last && missing.length === 0) return 'more'
    let done = false
    let began = 0
    let owned = false
    const fits = last && this.#leftovers() <= DELETED_BLOCKS
    const claim = this.#claimed || fits ? undefined : this.#incomplete()
    try {
      transaction(this.#db, () => {
        began = performance.now()
        owned = sameRow(this.#row(), this.#expected)
        if (!owned) return
        if (claim) this.#putRow(claim)
        this.#write(missing)
        done = last && this.#deleteLeftovers(DELETED_BLOCKS) < DELETED_BLOCKS
        if (done) this.#finish()
      }).immediate()
    } catch (error) {
      // The blocks were not written. If the pass has ended, blocks before them may be out of date: it has to end again.
      for (const each of missing) this.#sumsOf(each.section)[each.block] = undefined
      this.#section = section
      this.#block = block
      this.#passes = passes
      this.#stable = stable
      throw error
    }
    if (!owned) return 'superseded'
    this.#adapt(performance.now() - began)
    if (claim) {
      this.#expected = claim
      this.#claimed = true
      this.#datasetIndex.savedSeq = undefined
    }
    return done ? 'done' : 'more'
  }

  #adapt(lockedMs: number): void {
    const factor = Math.min(2, LOCK_MS / Math.max(lockedMs, 1))
    const bytes = Math.max(LEAST_BYTES, this.#bytes * factor)
    this.#bytes = Math.min(saveStep.bytes, bytes)
  }

  /** The present content. Notes whether it has changed since the last step. */
  #read(): { image: IndexImage; sections: readonly IndexSection[] } {
    const datasetIndex = this.#datasetIndex
    datasetIndex.index!.save()
    // Memory for checksums is allocated now, because that may invalidate views of small indexes.
    checksum(NO_BYTES)
    const image = datasetIndex.index!.save()
    const state = stateOf(datasetIndex)
    if (state.some((part, i) => part !== this.#state[i])) {
      const { pool, starts } = datasetIndex.ids.save()
      const startBytes = new Uint8Array(starts.buffer, starts.byteOffset, starts.byteLength)
      this.#beside = [
        { name: IDS_POOL, bytes: pool },
        { name: IDS_STARTS, bytes: startBytes },
        ...(datasetIndex.columns?.save() ?? []),
        ...datasetIndex.clusters.save(),
      ]
      this.#stable = this.#section === 0 && this.#block === 0
      this.#state = state
    }
    return { image, sections: [...image.sections, ...this.#beside] }
  }

  #rewind(): void {
    this.#section = this.#block = 0
    this.#stable = true
  }

  /** The next blocks that the file lacks, of about so many bytes. */
  #missing(bytes: number): MissingBlock[] {
    const missing: MissingBlock[] = []
    const { sections } = this.#parts
    let left = bytes
    let unread = bytes === Infinity ? Infinity : READ_BYTES
    for (; this.#section < sections.length; this.#section++, this.#block = 0) {
      const { name, bytes: content } = sections[this.#section]
      const sums = this.#sumsOf(name)
      for (; this.#block * BLOCK_BYTES < content.length; this.#block++) {
        if (left <= 0 || unread <= 0) return missing
        const at = this.#block * BLOCK_BYTES
        const data = content.subarray(at, at + BLOCK_BYTES)
        const sum = checksum(data)
        unread -= data.length
        if (sums[this.#block] === sum) continue
        left -= data.length
        missing.push({ section: name, block: this.#block, data, sum })
      }
    }
    return missing
  }

  #sumsOf(section: string): (bigint | undefined)[] {
    let sums = this.#sums.get(section)
    if (!sums) this.#sums.set(section, (sums = []))
    return sums
  }

  #write(missing: readonly MissingBlock[]): number {
    using put = this.#db.prepare(
      `INSERT OR REPLACE INTO ${this.#sql(BLOCKS)} VALUES (?, ?, ?, ?, ?)`,
    )
    let written = 0
    for (const { section, block, data, sum } of missing) {
      put.run(...this.#key, section, block, data)
      this.#sumsOf(section)[block] = sum
      written += data.length
    }
    return written
  }

  /** Writes the manifest of all blocks. */
  #finish(): number {
    this.#deleteLeftovers(-1)
    const sections = this.#parts.sections.map(({ name, bytes }) => ({
      name,
      bytes: bytes.length,
      checksums: this.#sumsOf(name).slice(0, blocksOf(bytes)) as bigint[],
    }))
    const manifest = encodeManifest({ ...this.#described(), sections })
    this.#putRow(manifest)
    return manifest.length
  }

  #incomplete(): Uint8Array {
    return incompleteManifest(this.#described())
  }

  #described(): Omit<Manifest, 'sections'> {
    const { image } = this.#parts
    const { logPosition, mixed, rejected, spec } = this.#datasetIndex
    const { kind, metric, dim, positions, count, note } = image
    return {
      kind,
      metric,
      fingerprint: fingerprintOf(spec, this.#shadow, this.#key[1]),
      dim,
      positions,
      count,
      logPosition,
      notFinite: rejected.notFinite,
      mixed,
      metadata: note ?? '',
    }
  }

  #leftovers(): number {
    const { where, values } = this.#beyond()
    const sql = `SELECT count(*) FROM ${this.#sql(BLOCKS)} WHERE ${where}`
    return numberOf(this.#db, sql, ...values)
  }

  /** Deletes at most so many blocks that are not part of the index; -1: all. Returns their number. */
  #deleteLeftovers(limit: number): number {
    const { where, values } = this.#beyond()
    const blocks = this.#sql(BLOCKS)
    using statement = this.#db.prepare(
      `DELETE FROM ${blocks} WHERE rowid IN (SELECT rowid FROM ${blocks} WHERE ${where} LIMIT ?)`,
    )
    return statement.run(...values, limit).changes
  }

  /** The condition for blocks that are not part of the index. */
  #beyond(): { where: string; values: (string | number)[] } {
    const { sections } = this.#parts
    const unknown = `section NOT IN (${sections.map(() => '?').join(', ')})`
    const longer = sections.map(() => '(section = ? AND chunk >= ?)').join(' OR ')
    return {
      where: `shadow_table_name = ? AND dataset_id = ? AND (${unknown} OR ${longer})`,
      values: [
        ...this.#key,
        ...sections.map(({ name }) => name),
        ...sections.flatMap(({ name, bytes }) => [name, blocksOf(bytes)]),
      ],
    }
  }

  #row(): Uint8Array | undefined {
    return firstRow(
      this.#db,
      `SELECT "index" FROM ${this.#sql(STORAGE)} WHERE shadow_table_name = ? AND dataset_id = ?`,
      this.#key,
      row => (row.isBlob(0) ? row.bytes(0).slice() : undefined),
    )
  }

  #putRow(manifest: Uint8Array): void {
    run(
      this.#db,
      `INSERT OR REPLACE INTO ${this.#sql(STORAGE)}(shadow_table_name, dataset_id, "index") VALUES (?, ?, ?)`,
      ...this.#key,
      manifest,
    )
  }

  #sql(table: string): string {
    return `${quoteName(this.#schema)}.${table}`
  }
}

/** Everything that the saved form shows, except for the log position. */
function stateOf({ changes, clusters, columns, index }: DatasetIndex): readonly unknown[] {
  const { current } = clusters
  return [index, index?.kind, index?.positions, changes, columns, current, current?.version]
}

function sameRow(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one === other || (one && other ? compareBytes(one, other) === 0 : false)
}

function blocksOf({ length }: Uint8Array): number {
  return Math.ceil(length / BLOCK_BYTES)
}
