import { checksum } from '../../accelerators/checksum.ts'
import { VecError } from '../../core/errors.ts'
import { IdTable } from '../../core/id-table.ts'
import type { Database } from '../../database/database.ts'
import { numberOf, eachRow, firstRow, run } from '../../database/query.ts'
import type { IndexImage, IndexSection, StoredSection } from '../../index/vector-index.ts'
import { CHUNKS, JOURNAL, JOURNAL_STATE, OF_THE_ORIGINAL, STORAGE } from '../schema/layout.ts'
import { quoteName, storageName } from '../schema/names.ts'
import { Slice, type IndexRecipe } from '../snapshot/slice.ts'
import {
  CHUNK_BYTES,
  decodeHead,
  encodeHead,
  isHead,
  type SavedHead,
  type SavedSection,
} from './saved-head.ts'

const IDS_POOL = 'ids.pool'
const IDS_STARTS = 'ids.starts'

/** A saved index that lags this far behind is given up, so that the journal can be pruned. */
const MAX_LAG = 500_000
/** Entries pruned in one go; fewer are not worth the write. */
const PRUNE_AT_MOST = 20_000
const PRUNE_AT_LEAST = 1000

/** The saved indexes of one schema: a head in `vector_storage`, the bytes in chunks. */
export class Storage {
  readonly #db: Database
  readonly #schema: string

  constructor(db: Database, schema: string) {
    this.#db = db
    this.#schema = schema
  }

  /** The saved slice of a dataset; undefined when there is none that can be trusted. */
  load(shadow: string, dataset: string, recipe: IndexRecipe): Slice | undefined {
    const head = this.head(shadow, dataset)
    if (!head || head.recipe !== stampOf(recipe, shadow, dataset)) return undefined
    if (head.metric !== recipe.metric) return undefined
    const sections = new Map<string, StoredSection>()
    for (const section of head.sections) {
      if (!this.#hasBytes(shadow, dataset, section)) return undefined
      const read = (to: Uint8Array): void => this.#readSection(shadow, dataset, section, to)
      sections.set(section.name, new ChunkedSection(section, read))
    }
    try {
      return assemble(head, sections, recipe)
    } catch {
      // A damaged chunk, or sound checksums over something no index can be made of.
      return undefined
    }
  }

  /** The head of a saved index; undefined when there is none of ours. */
  head(shadow: string, dataset: string): SavedHead | undefined {
    try {
      return firstRow(
        this.#db,
        this.#sql(
          `SELECT "index" FROM {schema}.${STORAGE} WHERE shadow_table_name = ? AND dataset_id = ?`,
        ),
        [storageName(shadow), dataset],
        row => (row.isBlob(0) ? decodeHead(row.bytes(0).slice()) : undefined),
      )
    } catch {
      // No table, a foreign blob, a damaged one: there is nothing to trust.
      return undefined
    }
  }

  /** Writes what changed since the last save; returns the bytes written. One transaction, or a part of the caller's. */
  save(shadow: string, dataset: string, slice: Slice): number {
    const { index } = slice
    if (!index) return 0
    const image = index.save()
    const { pool, starts } = slice.ids.save()
    const parts: IndexSection[] = [
      ...image.sections,
      { name: IDS_POOL, bytes: pool },
      {
        name: IDS_STARTS,
        bytes: new Uint8Array(starts.buffer, starts.byteOffset, starts.byteLength),
      },
    ]
    // What a slice was not loaded from may be damaged, and says nothing of what its chunks hold.
    const known = slice.savedSeq === undefined ? undefined : this.head(shadow, dataset)
    let written = 0
    using put = this.#db.prepare(
      this.#sql(`INSERT OR REPLACE INTO {schema}.${CHUNKS} VALUES (?, ?, ?, ?, ?)`),
    )
    const sections: SavedSection[] = []
    for (const { name, bytes } of parts) {
      const before = known?.sections.find(section => section.name === name)
      const checksums: bigint[] = []
      for (let chunk = 0; chunk * CHUNK_BYTES < bytes.length; chunk++) {
        const data = bytes.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES)
        const sum = checksum(data)
        checksums.push(sum)
        if (before?.checksums[chunk] === sum && lengthOf(before, chunk) === data.length) continue
        put.run(storageName(shadow), dataset, name, chunk, data)
        written += data.length
      }
      sections.push({ name, bytes: bytes.length, checksums })
    }
    this.#dropBeyond(shadow, dataset, sections)
    const head = encodeHead({
      kind: image.kind,
      metric: image.metric,
      recipe: stampOf(slice.recipe, shadow, dataset),
      dim: image.dim,
      positions: image.positions,
      count: image.count,
      point: slice.point,
      notFinite: slice.rejected.notFinite,
      mixed: slice.mixed,
      note: image.note ?? '',
      sections,
    })
    this.#run(
      `INSERT OR REPLACE INTO {schema}.${STORAGE}(shadow_table_name, dataset_id, "index") VALUES (?, ?, ?)`,
      storageName(shadow),
      dataset,
      head,
    )
    return written + head.length
  }

  /** Deletes the saved indexes of a shadow table, or of one dataset. */
  drop(shadow: string, dataset?: string): void {
    for (const table of [STORAGE, CHUNKS]) {
      if (!this.#has(table)) continue
      const where = 'shadow_table_name = ?1 AND (?2 IS NULL OR dataset_id = ?2)'
      this.#run(
        `DELETE FROM {schema}.${table} WHERE ${where}`,
        storageName(shadow),
        dataset ?? null,
      )
    }
  }

  /** Deletes the indexes of a shadow table that another program saved. */
  dropForeign(shadow: string): void {
    if (!this.#has(STORAGE)) return
    this.#run(
      `DELETE FROM {schema}.${STORAGE} WHERE shadow_table_name = ? AND ${OF_THE_ORIGINAL}`,
      storageName(shadow),
    )
  }

  /**
   * Deletes journal entries that no saved index needs any more: mark first, then delete. Whoever holds an older index
   * in memory sees the mark and builds anew. The entry that a saved index ends with stays: it proves their common past.
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
        `DELETE FROM {schema}.${CHUNKS} WHERE shadow_table_name = ? AND dataset_id = ?`,
        name,
        dataset,
      )
    }
    const limit = Math.min(unneeded, first + PRUNE_AT_MOST)
    this.#run(`UPDATE {schema}.${JOURNAL_STATE} SET pruned_seq = max(pruned_seq, ?)`, limit)
    this.#run(`DELETE FROM {schema}.${JOURNAL} WHERE seq <= ?`, limit)
    return limit - first + 1
  }

  /** How many journal entries `prune` would delete in the end. */
  prunable(lastSeq: number): number {
    const { first, limit } = this.#needless(lastSeq)
    return limit - first < PRUNE_AT_LEAST ? 0 : limit - first + 1
  }

  /** The journal's first entry, its last that no saved index needs, and the saved indexes that are given up for that. */
  #needless(lastSeq: number): { first: number; limit: number; lagging: [string, string][] } {
    let limit = lastSeq - 1
    const lagging: [string, string][] = []
    const first = numberOf(this.#db, this.#sql(`SELECT min(seq) FROM {schema}.${JOURNAL}`))
    if (!this.#has(STORAGE)) return { first, limit, lagging }
    const heads = this.#sql(
      `SELECT shadow_table_name, dataset_id, "index" FROM {schema}.${STORAGE}`,
    )
    eachRow(this.#db, heads, [], row => {
      const seq = row.isBlob(2) ? seqOf(row.bytes(2)) : undefined
      if (seq === undefined) return
      if (lastSeq - seq > MAX_LAG) lagging.push([row.text(0), row.text(1)])
      else limit = Math.min(limit, seq - 1)
    })
    return { first, limit, lagging }
  }

  /** Copies the chunks of a section to `to`; throws VEC_STORAGE when they are not what the head says. */
  #readSection(shadow: string, dataset: string, section: SavedSection, to: Uint8Array): void {
    const chunks = this.#sql(
      `SELECT chunk, data FROM {schema}.${CHUNKS}
       WHERE shadow_table_name = ? AND dataset_id = ? AND section = ? ORDER BY chunk`,
    )
    let next = 0
    eachRow(this.#db, chunks, [storageName(shadow), dataset, section.name], row => {
      if (next === section.checksums.length || row.number(0) !== next) throw damaged(section)
      const data = row.bytes(1)
      if (data.length !== lengthOf(section, next)) throw damaged(section)
      const at = next * CHUNK_BYTES
      const copy = to.subarray(at, at + data.length)
      copy.set(data)
      if (checksum(copy) !== section.checksums[next]) throw damaged(section)
      next++
    })
    if (next !== section.checksums.length) throw damaged(section)
  }

  /** Whether the file holds what a head claims: before memory is taken for it. */
  #hasBytes(shadow: string, dataset: string, section: SavedSection): boolean {
    const sql = this.#sql(
      `SELECT sum(length(data)) FROM {schema}.${CHUNKS}
       WHERE shadow_table_name = ? AND dataset_id = ? AND section = ?`,
    )
    try {
      return numberOf(this.#db, sql, storageName(shadow), dataset, section.name) === section.bytes
    } catch {
      // A table that is not there.
      return false
    }
  }

  #dropBeyond(shadow: string, dataset: string, sections: readonly SavedSection[]): void {
    const name = storageName(shadow)
    const kept = sections.map(() => '?').join(', ')
    this.#run(
      `DELETE FROM {schema}.${CHUNKS} WHERE shadow_table_name = ? AND dataset_id = ? AND section NOT IN (${kept})`,
      name,
      dataset,
      ...sections.map(section => section.name),
    )
    for (const section of sections) {
      this.#run(
        `DELETE FROM {schema}.${CHUNKS} WHERE shadow_table_name = ? AND dataset_id = ? AND section = ? AND chunk >= ?`,
        name,
        dataset,
        section.name,
        section.checksums.length,
      )
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

/** Whose index it is, and how it was made: a head that got under another name is not taken for its own. */
export function stampOf(recipe: IndexRecipe, shadow: string, dataset: string): string {
  return `${recipe.key}\0${shadow}\0${dataset}`
}

/** How long a chunk of a section is. */
function lengthOf(section: SavedSection, chunk: number): number {
  return Math.min(CHUNK_BYTES, section.bytes - chunk * CHUNK_BYTES)
}

function seqOf(head: Uint8Array): number | undefined {
  if (!isHead(head)) return undefined
  try {
    return decodeHead(head.slice()).point.seq
  } catch {
    return undefined
  }
}

/** A section of a saved index, read when it is asked for. */
class ChunkedSection implements StoredSection {
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
  return new VecError('VEC_STORAGE', `the saved section ${section.name} is not what its head says`)
}

function assemble(
  head: SavedHead,
  sections: ReadonlyMap<string, StoredSection>,
  recipe: IndexRecipe,
): Slice | undefined {
  const pool = sections.get(IDS_POOL)?.bytes
  const startBytes = sections.get(IDS_STARTS)?.bytes
  if (!pool || !startBytes || startBytes.length !== head.positions * 4) return undefined
  const starts = new Uint32Array(startBytes.buffer, startBytes.byteOffset, head.positions)
  const ids = IdTable.restore(pool, starts)
  if (!ids) return undefined
  const { kind, metric, dim, positions, count, note } = head
  const image: IndexImage = {
    kind,
    metric,
    dim,
    positions,
    count,
    note,
    sections: head.sections
      .filter(section => section.name !== IDS_POOL && section.name !== IDS_STARTS)
      .map(({ name }) => sections.get(name)!),
  }
  const slice = new Slice(recipe, head.point, 0, ids)
  slice.adopt(recipe.restore(image))
  slice.rejected.notFinite = head.notFinite
  // How many does not matter, that there are some does.
  slice.rejected.otherDimension = head.mixed ? 1 : 0
  slice.savedSeq = head.point.seq
  return slice
}
