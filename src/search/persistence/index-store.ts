import { lateSearch } from '#late-search'
import { checksum } from '../../accelerators/checksum.ts'
import { VecError } from '../../core/errors.ts'
import { IdTable } from '../../core/id-table.ts'
import { MissingCode } from '../../core/late-code.ts'
import type { Database } from '../../database/database.ts'
import { numberOf, eachRow, firstRow, run, scalar } from '../../database/query.ts'
import { isClusterSection } from '../../index/clusters.ts'
import type { IndexImage, StoredSection } from '../../index/vector-index.ts'
import { COLUMNS_SECTION, isColumnSection } from '../memory/columns/column-section.ts'
import { DatasetIndex } from '../memory/dataset-index.ts'
import type { IndexSpec } from '../memory/index-spec.ts'
import { BLOCKS, JOURNAL, JOURNAL_STATE, STORAGE, TEXT_STATE } from '../schema/layout.ts'
import { quoteName, storageName } from '../schema/names.ts'
import { IndexSave } from './index-save.ts'
import {
  BLOCK_BYTES,
  decodeManifest,
  fingerprintOf,
  IDS_POOL,
  IDS_STARTS,
  isManifest,
  knownManifest,
  type Manifest,
  type SavedSection,
} from './manifest.ts'

/** A saved index that lags this far behind is given up, so that the journal can be pruned. */
const MAX_LAG = 500_000
/** The maximum number of entries pruned at once, which takes about 20 ms. Fewer than PRUNE_AT_LEAST are not worth the write. */
const PRUNE_AT_MOST = 5000
const PRUNE_AT_LEAST = 1000

/** The saved indexes of one schema: the manifest is in `vector_storage`, the bytes are in blocks. */
export class IndexStore {
  readonly #db: Database
  readonly #schema: string

  constructor(db: Database, schema: string) {
    this.#db = db
    this.#schema = schema
  }

  /** The saved index of a dataset; undefined without a trustworthy one. */
  load(shadow: string, dataset: string, spec: IndexSpec): DatasetIndex | undefined {
    const manifest = this.manifest(shadow, dataset)
    if (!manifest || manifest.fingerprint !== fingerprintOf(spec, shadow, dataset)) return undefined
    if (manifest.metric !== spec.metric) return undefined
    const sections = new Map<string, StoredSection>()
    for (const section of manifest.sections) {
      if (!this.#hasBytes(shadow, dataset, section)) return undefined
      const read = (to: Uint8Array): void => this.#readSection(shadow, dataset, section, to)
      sections.set(section.name, new BlockSection(section, read))
    }
    try {
      return assemble(manifest, sections, spec)
    } catch (error) {
      if (error instanceof MissingCode) throw error
      // A damaged block, or content with right checksums that is not an index.
      return undefined
    }
  }

  /** The manifest of a saved index; undefined without one of ours. */
  manifest(shadow: string, dataset: string): Manifest | undefined {
    try {
      return firstRow(
        this.#db,
        this.#sql(
          `SELECT "index" FROM {schema}.${STORAGE} WHERE shadow_table_name = ? AND dataset_id = ?`,
        ),
        [storageName(shadow), dataset],
        row => (row.isBlob(0) ? knownManifest(row.bytes(0).slice()) : undefined),
      )
    } catch {
      // The table is missing, or the blob is foreign or damaged.
      return undefined
    }
  }

  /** Writes the changes since the last save, in the transaction of the caller. Returns the number of written bytes. */
  save(shadow: string, dataset: string, datasetIndex: DatasetIndex): number {
    return datasetIndex.index ? this.begin(shadow, dataset, datasetIndex).whole() : 0
  }

  /** A save in steps. */
  begin(shadow: string, dataset: string, datasetIndex: DatasetIndex): IndexSave {
    return new IndexSave(this.#db, this.#schema, shadow, dataset, datasetIndex)
  }

  /** Deletes the saved indexes of a shadow table, or of one dataset. */
  drop(shadow: string, dataset?: string): void {
    for (const table of [STORAGE, BLOCKS]) {
      if (!this.#has(table)) continue
      const where = 'shadow_table_name = ?1 AND (?2 IS NULL OR dataset_id = ?2)'
      this.#run(
        `DELETE FROM {schema}.${table} WHERE ${where}`,
        storageName(shadow),
        dataset ?? null,
      )
    }
  }

  /**
   * Deletes journal entries that no saved index needs any more. It sets the mark first, so that a connection with an
   * older index in memory sees the mark and builds the index again. The entry at which a saved index ends stays: it
   * proves their common history.
   */
  prune(lastSeq: number): number {
    const { first, lagging, limit: unneeded } = this.#needless(lastSeq)
    if (unneeded - first < PRUNE_AT_LEAST) return 0
    for (const [name, dataset] of lagging) {
      this.#run(
        `DELETE FROM {schema}.${STORAGE} WHERE shadow_table_name = ? AND dataset_id = ?`,
        name,
        dataset,
      )
      this.#run(
        `DELETE FROM {schema}.${BLOCKS} WHERE shadow_table_name = ? AND dataset_id = ?`,
        name,
        dataset,
      )
    }
    const limit = Math.min(unneeded, first + PRUNE_AT_MOST - 1)
    this.#run(`UPDATE {schema}.${JOURNAL_STATE} SET pruned_seq = max(pruned_seq, ?)`, limit)
    this.#run(`DELETE FROM {schema}.${JOURNAL} WHERE seq <= ?`, limit)
    return limit - first + 1
  }

  /** The number of journal entries that `prune` would delete in the end. */
  prunable(lastSeq: number): number {
    const { first, limit } = this.#needless(lastSeq)
    return limit - first < PRUNE_AT_LEAST ? 0 : limit - first + 1
  }

  /** The journal's first entry, the last one that no saved index needs, and the saved indexes given up for that. */
  #needless(lastSeq: number): { first: number; limit: number; lagging: [string, string][] } {
    let limit = lastSeq - 1
    const lagging: [string, string][] = []
    const first = numberOf(this.#db, this.#sql(`SELECT min(seq) FROM {schema}.${JOURNAL}`))
    limit = Math.min(limit, this.#neededForTexts(lastSeq))
    if (!this.#has(STORAGE)) return { first, limit, lagging }
    const manifests = this.#sql(
      `SELECT shadow_table_name, dataset_id, "index" FROM {schema}.${STORAGE}`,
    )
    eachRow(this.#db, manifests, [], row => {
      const seq = row.isBlob(2) ? seqOf(row.bytes(2)) : undefined
      if (seq === undefined) return
      if (lastSeq - seq > MAX_LAG) lagging.push([row.text(0), row.text(1)])
      else limit = Math.min(limit, seq - 1)
    })
    return { first, limit, lagging }
  }

  /** The last entry that no text index needs. Text indexes that lag too far behind are ignored and filled again. */
  #neededForTexts(lastSeq: number): number {
    if (!this.#has(TEXT_STATE)) return Infinity
    const sql = `SELECT min(seq) FROM {schema}.${TEXT_STATE} WHERE seq >= ?`
    const seq = scalar(this.#db, this.#sql(sql), lastSeq - MAX_LAG)
    return typeof seq === 'number' ? seq - 1 : Infinity
  }

  /** Copies the blocks of a section to `to`. Throws VEC_STORAGE if they do not match the manifest. */
  #readSection(shadow: string, dataset: string, section: SavedSection, to: Uint8Array): void {
    const blocks = this.#sql(
      `SELECT chunk, data FROM {schema}.${BLOCKS}
       WHERE shadow_table_name = ? AND dataset_id = ? AND section = ? ORDER BY chunk`,
    )
    let next = 0
    eachRow(this.#db, blocks, [storageName(shadow), dataset, section.name], row => {
      if (next === section.checksums.length || row.number(0) !== next) throw damaged(section)
      const data = row.bytes(1)
      if (data.length !== lengthOf(section, next)) throw damaged(section)
      const at = next * BLOCK_BYTES
      const copy = to.subarray(at, at + data.length)
      copy.set(data)
      if (checksum(copy) !== section.checksums[next]) throw damaged(section)
      next++
    })
    if (next !== section.checksums.length) throw damaged(section)
  }

  /** Whether the file has the bytes that a manifest claims. Checked before memory is allocated for them. */
  #hasBytes(shadow: string, dataset: string, section: SavedSection): boolean {
    const sql = this.#sql(
      `SELECT sum(length(data)) FROM {schema}.${BLOCKS}
       WHERE shadow_table_name = ? AND dataset_id = ? AND section = ?`,
    )
    try {
      return numberOf(this.#db, sql, storageName(shadow), dataset, section.name) === section.bytes
    } catch {
      // The table does not exist.
      return false
    }
  }

  #has(table: string): boolean {
    const sql = 'SELECT count(*) FROM pragma_table_list WHERE schema = ? AND name = ?'
    return numberOf(this.#db, sql, this.#schema, table) === 1
  }

  #sql(sql: string): string {
    return sql.replaceAll('{schema}', quoteName(this.#schema))
  }

  #run(sql: string, ...parameters: (string | number | null | Uint8Array)[]): void {
    run(this.#db, this.#sql(sql), ...parameters)
  }
}

/** The length of a block of a section. */
function lengthOf(section: SavedSection, block: number): number {
  return Math.min(BLOCK_BYTES, section.bytes - block * BLOCK_BYTES)
}

function seqOf(manifest: Uint8Array): number | undefined {
  if (!isManifest(manifest)) return undefined
  try {
    return decodeManifest(manifest.slice()).logPosition.seq
  } catch {
    return undefined
  }
}

/** A section of a saved index, read on request. */
class BlockSection implements StoredSection {
  readonly name: string
  readonly length: number
  readonly copyInto: (this: void, to: Uint8Array) => void
  #bytes: Uint8Array | undefined

  constructor(section: SavedSection, read: (this: void, to: Uint8Array) => void) {
    this.name = section.name
    this.length = section.bytes
    this.copyInto = read
  }

  get bytes(): Uint8Array {
    if (!this.#bytes) {
      const bytes = new Uint8Array(this.length)
      this.copyInto(bytes)
      this.#bytes = bytes
    }
    return this.#bytes
  }
}

function damaged(section: SavedSection): VecError {
  return new VecError(
    'VEC_STORAGE',
    `the saved section ${section.name} does not match its manifest`,
  )
}

/** Whether a section is not of the index itself. */
function isBeside(name: string): boolean {
  const isOfIds = name === IDS_POOL || name === IDS_STARTS
  return isOfIds || isColumnSection(name) || isClusterSection(name)
}

function assemble(
  manifest: Manifest,
  sections: ReadonlyMap<string, StoredSection>,
  spec: IndexSpec,
): DatasetIndex | undefined {
  const pool = sections.get(IDS_POOL)?.bytes
  const startBytes = sections.get(IDS_STARTS)?.bytes
  if (!pool || !startBytes || startBytes.length !== manifest.positions * 4) return undefined
  const starts = new Uint32Array(startBytes.buffer, startBytes.byteOffset, manifest.positions)
  const ids = IdTable.restore(pool, starts)
  if (!ids) return undefined
  const { kind, metric, dim, positions, count, metadata: note } = manifest
  const image: IndexImage = {
    kind,
    metric,
    dim,
    positions,
    count,
    note,
    sections: manifest.sections
      .filter(({ name }) => !isBeside(name))
      .map(({ name }) => sections.get(name)!),
  }
  const datasetIndex = new DatasetIndex(spec, manifest.logPosition, 0, ids)
  datasetIndex.adopt(spec.restore(image))
  datasetIndex.rejected.notFinite = manifest.notFinite
  // The number does not matter, only whether there are any.
  datasetIndex.rejected.otherDimension = manifest.mixed ? 1 : 0
  datasetIndex.savedSeq = manifest.logPosition.seq
  if (sections.has(COLUMNS_SECTION))
    datasetIndex.columns = lateSearch.wanted?.ColumnStore.restore(sections, positions)
  datasetIndex.clusters.restore(datasetIndex.index?.clustering?.(), sections)
  return datasetIndex
}
