import type { RowReader } from '../engine/row-reader.ts'
import type { StatementCursor } from '../engine/statement-cursor.ts'
import type { Statement } from '../engine/statement.ts'
import { Utf8, type SqlValue } from '../engine/values.ts'
import type { FilterArguments, ResultWriter, VirtualCursor } from '../engine/virtual-table.ts'
import type { Hits } from '../store/hits.ts'
import { compareBytes } from '../store/id-table.ts'
import type { Searcher } from '../store/search.ts'
import type { Metric } from '../vector/metric.ts'
import { similarityToDistance, similarityToScore } from '../vector/similarity.ts'
import type { RowKeys } from './row-keys.ts'
import { conditionOf, readArguments, type VecQuery } from './vec-arguments.ts'
import { COLUMN } from './vec-plan.ts'

/** Rows of one dataset, as a cursor walks over them. */
interface Rows {
  next(): void
  readonly eof: boolean
  readonly dataset: string
  id(): Uint8Array
  /** NaN: not known. */
  rowid(): number
  /** Undefined where nothing was matched. */
  similarity(): number | undefined
  close(): void
}

export class VecCursor implements VirtualCursor {
  readonly #searcher: Searcher
  readonly #metric: Metric
  readonly #keys: RowKeys
  #rows: Rows | undefined
  /** What the shadow table's rowid is called; undefined where it has none. */
  #rowidName: string | undefined
  #query: VecQuery | undefined
  #ordinal = 0
  /** The row whose content and meta were fetched, and those. */
  #fetched = -1
  #content: SqlValue = null
  #meta: SqlValue = null

  constructor(searcher: Searcher, metric: Metric, keys: RowKeys) {
    this.#searcher = searcher
    this.#metric = metric
    this.#keys = keys
    keys.enter()
  }

  filter(plan: number, detail: string, args: FilterArguments): void {
    this.#rows?.close()
    this.#ordinal = 0
    this.#fetched = -1
    const query = readArguments(plan, detail, args)
    this.#query = query
    this.#rowidName = this.#searcher.shadow.refresh().rowid
    this.#rows = query.vector ? this.#match(query, query.vector) : this.#scan(query)
  }

  next(): void {
    this.#ordinal++
    this.#rows!.next()
  }

  get eof(): boolean {
    return this.#rows!.eof
  }

  column(result: ResultWriter, column: number): void {
    if (result.unwanted) return
    const rows = this.#rows!
    switch (column) {
      case COLUMN.DATASET:
        result.value(rows.dataset)
        return
      case COLUMN.DOC:
        result.utf8(rows.id())
        return
      case COLUMN.SCORE: {
        const similarity = rows.similarity()
        result.double(similarity === undefined ? 0 : similarityToScore(this.#metric, similarity))
        return
      }
      case COLUMN.DISTANCE: {
        const similarity = rows.similarity()
        if (similarity === undefined) result.value(null)
        else result.double(similarityToDistance(this.#metric, similarity))
        return
      }
      case COLUMN.K:
        result.value(this.#query!.k ?? null)
        return
      case COLUMN.CONTENT:
        this.#fetch()
        result.value(this.#content)
        return
      case COLUMN.META:
        this.#fetch()
        result.value(this.#meta)
        return
      case COLUMN.EMBEDDING:
        result.value(this.#embedding())
        return
      default:
        result.value(null)
    }
  }

  /** That of the shadow table's row, so that the two can be joined on it; a number of ours where it has none. */
  rowid(): bigint {
    const rows = this.#rows!
    if (this.#rowidName === undefined) return this.#keys.numberOf(rows.dataset, rows.id())
    const known = rows.rowid()
    if (Number.isSafeInteger(known)) return BigInt(known)
    return this.#ofRow([this.#rowidName], row => row.bigint(0)) ?? 0n
  }

  close(): void {
    this.#rows?.close()
    this.#rows = undefined
    this.#keys.leave()
  }

  #match(query: VecQuery, vector: Float32Array): Rows {
    const { min, max, accepts } = conditionOf(this.#metric, query.bounds)
    // Each dataset may own all of the rows that are wanted.
    const wanted = Math.min(query.limit + query.offset, query.k ?? Infinity)
    const parts = query.datasets.map(dataset => ({
      dataset,
      hits: this.#searcher.search({
        dataset,
        query: vector,
        limit: wanted,
        minSimilarity: min,
        maxSimilarity: max,
        accepts,
        ids: query.ids,
      }),
    }))
    if (parts.length === 1) {
      return new HitRows(parts[0].dataset, parts[0].hits, query.offset, wanted)
    }
    return new MergedRows(parts, query.offset, wanted)
  }

  #scan(query: VecQuery): Rows {
    return new ScanRows(this.#searcher, query)
  }

  /** Content and meta of the present row: read only when asked for. */
  #fetch(): void {
    if (this.#fetched === this.#ordinal) return
    this.#fetched = this.#ordinal
    const { shadow } = this.#searcher
    const columns = [shadow.optional('content'), shadow.optional('meta')]
    const [content, meta] = this.#ofRow(columns, row => [row.value(0), row.value(1)]) ?? []
    this.#content = content ?? null
    this.#meta = meta ?? null
  }

  #embedding(): SqlValue {
    return this.#ofRow(['embedding'], row => row.value(0)) ?? null
  }

  /** Columns of the shadow table's row; undefined when it is gone. */
  #ofRow<R>(columns: readonly string[], read: (row: RowReader) => R): R | undefined {
    return this.#searcher.shadow.first(
      `SELECT ${columns.join(', ')} FROM {table}
       WHERE dataset_id = ?1 AND id = ?2 AND dataset_id = ?1 COLLATE BINARY AND id = ?2 COLLATE BINARY`,
      [this.#rows!.dataset, new Utf8(this.#rows!.id())],
      read,
    )
  }
}

/** The hits of one dataset, from `offset` on. */
class HitRows implements Rows {
  readonly dataset: string
  readonly #hits: Hits
  readonly #end: number
  #rank: number

  constructor(dataset: string, hits: Hits, offset: number, limit: number) {
    this.dataset = dataset
    this.#hits = hits
    this.#rank = offset
    this.#end = Math.min(hits.count, limit)
  }

  next(): void {
    this.#rank++
  }

  get eof(): boolean {
    return this.#rank >= this.#end
  }

  id(): Uint8Array {
    return this.#hits.id(this.#rank)
  }

  rowid(): number {
    return this.#hits.rowid(this.#rank)
  }

  similarity(): number {
    return this.#hits.similarity(this.#rank)
  }

  close(): void {
    this.#rank = this.#end
  }
}

interface Part {
  readonly dataset: string
  readonly hits: Hits
}

/** The hits of several datasets, best first; equal ones by id, then by dataset. */
class MergedRows implements Rows {
  readonly #parts: readonly Part[]
  /** Part and rank by turns. */
  readonly #order: [part: number, rank: number][]
  #at: number
  readonly #end: number

  constructor(parts: readonly Part[], offset: number, limit: number) {
    this.#parts = parts
    const order: [number, number][] = []
    parts.forEach(({ hits }, part) => {
      for (let rank = 0; rank < hits.count; rank++) order.push([part, rank])
    })
    order.sort(([partA, rankA], [partB, rankB]) => {
      const a = parts[partA].hits
      const b = parts[partB].hits
      const difference = b.similarity(rankB) - a.similarity(rankA)
      if (difference !== 0) return difference
      return (
        compareBytes(a.id(rankA), b.id(rankB)) ||
        (parts[partA].dataset < parts[partB].dataset ? -1 : 1)
      )
    })
    this.#order = order
    this.#at = offset
    this.#end = Math.min(order.length, limit)
  }

  next(): void {
    this.#at++
  }

  get eof(): boolean {
    return this.#at >= this.#end
  }

  get dataset(): string {
    return this.#parts[this.#order[this.#at][0]].dataset
  }

  id(): Uint8Array {
    const [part, rank] = this.#order[this.#at]
    return this.#parts[part].hits.id(rank)
  }

  rowid(): number {
    const [part, rank] = this.#order[this.#at]
    return this.#parts[part].hits.rowid(rank)
  }

  similarity(): number {
    const [part, rank] = this.#order[this.#at]
    return this.#parts[part].hits.similarity(rank)
  }

  close(): void {
    this.#at = this.#end
  }
}

/** All rows of datasets in the order of their rowids, or those of given ids, straight from the shadow table. */
class ScanRows implements Rows {
  readonly #searcher: Searcher
  readonly #datasets: readonly string[]
  readonly #ids: readonly Uint8Array[] | undefined
  #statement: Statement | undefined
  /** Undefined between two datasets or ids. */
  #cursor: StatementCursor | undefined
  #part = 0
  #idAt = 0
  #left: number
  eof = false

  constructor(searcher: Searcher, query: VecQuery) {
    this.#searcher = searcher
    this.#datasets = query.datasets
    this.#ids = query.ids
    this.#left = query.limit
    if (this.#left === 0) this.#finish()
    else {
      this.#advance()
      for (let skip = query.offset; skip > 0 && !this.eof; skip--) this.#advance()
    }
  }

  next(): void {
    if (--this.#left <= 0) this.#finish()
    else this.#advance()
  }

  get dataset(): string {
    return this.#datasets[this.#part]
  }

  id(): Uint8Array {
    return this.#cursor!.row.bytes(1)
  }

  rowid(): number {
    const { row } = this.#cursor!
    return row.isNull(0) ? NaN : row.number(0)
  }

  similarity(): undefined {
    return undefined
  }

  close(): void {
    this.#finish()
  }

  #finish(): void {
    this.eof = true
    this.#cursor?.end()
    this.#statement?.finalize()
    this.#cursor = this.#statement = undefined
  }

  /** The statement is this cursor's own: two scans may be under way at once. */
  #prepare(): Statement {
    const { shadow } = this.#searcher
    const { rowid } = shadow.refresh()
    const byId = this.#ids ? 'AND id = ?2 AND id = ?2 COLLATE BINARY' : ''
    const order = rowid === undefined || this.#ids ? '' : `ORDER BY ${rowid}`
    return shadow.db.prepare(
      `SELECT ${rowid ?? 'NULL'}, id FROM ${shadow.sql}
       WHERE dataset_id = ?1 AND dataset_id = ?1 COLLATE BINARY ${byId} ${shadow.visible} ${order}`,
    )
  }

  #advance(): void {
    this.#statement ??= this.#prepare()
    const statement = this.#statement
    for (;;) {
      if (!this.#cursor) {
        if (this.#part === this.#datasets.length) break
        const id = this.#ids?.[this.#idAt]
        if (this.#ids && id === undefined) {
          this.#part++
          this.#idAt = 0
          continue
        }
        const dataset = this.#datasets[this.#part]
        this.#cursor = statement.cursor(id ? [dataset, new Utf8(id)] : [dataset])
      }
      if (this.#cursor.step()) return
      this.#cursor = undefined
      if (this.#ids) this.#idAt++
      else this.#part++
    }
    this.#finish()
  }
}
