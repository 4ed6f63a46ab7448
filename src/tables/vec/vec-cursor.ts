import type { IdList } from '../../core/id-list.ts'
import type { Metric } from '../../core/metric.ts'
import { similarityToDistance, similarityToScore } from '../../core/similarity.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { RowReader } from '../../database/row-reader.ts'
import type { SqlValue } from '../../database/values.ts'
import type { Searcher } from '../../search/query/searcher.ts'
import { OF_KEY } from '../../search/schema/names.ts'
import { float32Bytes } from '../../search/schema/stored-vector.ts'
import { SHADOW, type StoredColumn, type TableSchema } from '../../search/schema/table-schema.ts'
import type { ResultWriter, TermValue, VirtualCursor } from '../../sqlite/vtab/virtual-table.ts'
import { EMBEDDING_SUBTYPE } from '../functions/sql-vector.ts'
import type { CursorRows } from './cursor-rows.ts'
import { requireColumns } from './given-filter.ts'
import { HybridRows } from './hybrid-rows.ts'
import { MergedRows } from './merged-rows.ts'
import type { RowKeys } from './row-keys.ts'
import { ScanRows } from './scan-rows.ts'
import { conditionOf, readQuery, type VecQuery } from './vec-arguments.ts'
import type { VecPlan } from './vec-plan.ts'

export class VecCursor implements VirtualCursor {
  readonly #searcher: Searcher
  readonly #metric: Metric
  readonly #keys: RowKeys
  #rows: CursorRows | undefined
  /** The name of the shadow table's rowid; undefined for a table without rowids. */
  #rowidName: string | undefined
  #query: VecQuery | undefined
  #ordinal = 0
  /** The number of skipped rows before the first. */
  #offset = 0
  /** The row whose stored columns were read, and these columns. */
  #fetched = -1
  readonly #stored = new Map<StoredColumn, SqlValue | Utf8>()
  /** The attributes of the schema in SQL, as the shadow table has them. */
  #attributes: readonly string[] | undefined
  readonly #schema: TableSchema

  constructor(searcher: Searcher, schema: TableSchema, metric: Metric, keys: RowKeys) {
    this.#searcher = searcher
    this.#schema = schema
    this.#metric = metric
    this.#keys = keys
    keys.enter()
  }

  filter(
    plan: VecPlan,
    values: readonly (readonly TermValue[])[],
    texts: readonly (IdList | undefined)[] = [],
  ): void {
    this.#rows?.close()
    this.#ordinal = 0
    this.#fetched = -1
    this.#attributes = undefined
    const { shadow } = this.#searcher
    const foldsCase = (): boolean =>
      shadow.first("SELECT 'a' LIKE 'A'", [], row => row.number(0)) === 1
    const query = readQuery(plan, values, texts, foldsCase)
    this.#query = query
    if (query.filter) requireColumns(this.#searcher.shadow, query.filter)
    this.#offset = query.offset
    this.#rows = query.request
      ? new HybridRows(this.#searcher, query, query.request)
      : query.vector
        ? this.#match(query, query.vector)
        : new ScanRows(this.#searcher, query)
    // To read rows is to look at the schema first.
    this.#rowidName = shadow.shape.rowid
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
    const { role, stored } = this.#schema.columns[column]
    switch (role) {
      case 'dataset':
        result.value(rows.dataset)
        return
      case 'id':
        result.utf8(rows.id())
        return
      case 'score': {
        result.double(rows.fused?.score ?? this.#vectorScore(rows) ?? 0)
        return
      }
      case 'distance': {
        const similarity = rows.similarity()
        if (similarity === undefined) result.value(null)
        else result.double(similarityToDistance(this.#metric, similarity))
        return
      }
      case 'vectorScore':
        result.value(rows.fused ? (rows.fused.vectorScore ?? null) : this.#vectorScore(rows))
        return
      case 'vectorRank':
        result.value(this.#vectorRank(rows))
        return
      case 'textScore':
        result.value(rows.fused?.textScore ?? null)
        return
      case 'textRank':
        result.value(rows.fused?.textRank ?? null)
        return
      case 'filter':
        result.value(this.#query!.filter?.text ?? null)
        return
      case 'k':
        result.value(this.#query!.k ?? null)
        return
      case 'recall':
        result.value(this.#query!.recall ?? null)
        return
      case 'embedding':
        result.value(this.#embedding())
        result.subtype(EMBEDDING_SUBTYPE)
        return
      default:
        result.value(stored ? this.#valueOf(stored) : null)
    }
  }

  /**
   * The rowid of the shadow table's row, so that the two tables can be joined on it. A table without rowids gets
   * generated numbers.
   */
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

  /** NULL without MATCH. */
  #vectorScore(rows: CursorRows): number | null {
    const similarity = rows.similarity()
    return similarity === undefined ? null : similarityToScore(this.#metric, similarity)
  }

  #vectorRank(rows: CursorRows): number | null {
    if (rows.fused) return rows.fused.vectorRank ?? null
    return rows.similarity() === undefined ? null : this.#offset + this.#ordinal + 1
  }

  #match(query: VecQuery, vector: Float32Array): CursorRows {
    const { min, max, accepts } = conditionOf(this.#metric, query.bounds)
    // One dataset may contain all of the requested rows.
    const limit = Math.min(query.limit + query.offset, query.k ?? Infinity)
    const searches = query.datasets.map(dataset => ({
      dataset,
      query: vector,
      limit,
      more: !query.whole,
      minSimilarity: min,
      maxSimilarity: max,
      accepts,
      ids: query.ids,
      filter: query.filter?.parts.length === 0 ? undefined : query.filter,
      recall: query.recall,
    }))
    return this.#searcher.shadow.inSnapshot(
      () => new MergedRows(this.#searcher, searches, query.offset),
    )
  }

  /** A stored column of the current row. Short columns are read together; an embedding is read only when requested. */
  #valueOf(column: StoredColumn): SqlValue | Utf8 {
    if (this.#fetched !== this.#ordinal) {
      this.#fetched = this.#ordinal
      this.#stored.clear()
    }
    if (!this.#stored.has(column)) {
      const { attributes } = this.#schema
      if (attributes.includes(column)) this.#read(attributes, this.#attributeNames())
      else this.#read([column], [column.stored])
    }
    return this.#stored.get(column) ?? null
  }

  #attributeNames(): readonly string[] {
    const { shadow } = this.#searcher
    return (this.#attributes ??= this.#schema.attributes.map(column => shadow.optional(column)))
  }

  #read(columns: readonly StoredColumn[], names: readonly string[]): void {
    const values = this.#ofRow(names, row => names.map((_, i) => exactValue(row, i)))
    for (const [i, column] of columns.entries()) this.#stored.set(column, values?.[i] ?? null)
  }

  /** An embedding as float32, however it is stored; what is not a vector comes as it is. */
  #embedding(): SqlValue | Utf8 {
    const value = this.#valueOf(SHADOW.embedding)
    const { type } = this.#searcher.shadow.shape
    if (!(value instanceof Uint8Array) || value.length % type.bytes !== 0) return value
    return float32Bytes(type, value)
  }

  /** Columns of the shadow table's row; undefined when the row no longer exists. */
  #ofRow<R>(columns: readonly string[], read: (row: RowReader) => R): R | undefined {
    return this.#searcher.shadow.first(
      `SELECT ${columns.join(', ')} FROM {table}
       WHERE ${OF_KEY}`,
      [this.#rows!.dataset, new Utf8(this.#rows!.id())],
      read,
    )
  }
}

/** The value of a column. Text that is not UTF-8 comes as its bytes, so that a copy of it is exact. */
function exactValue(row: RowReader, column: number): SqlValue | Utf8 {
  const value = row.value(column)
  return typeof value === 'string' && value.includes('\ufffd')
    ? new Utf8(row.bytes(column).slice())
    : value
}
