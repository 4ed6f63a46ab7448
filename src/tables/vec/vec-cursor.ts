import type { Metric } from '../../core/metric.ts'
import { similarityToDistance, similarityToScore } from '../../core/similarity.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { RowReader } from '../../database/row-reader.ts'
import type { SqlValue } from '../../database/values.ts'
import type { Searcher } from '../../search/query/search.ts'
import type {
  FilterArguments,
  ResultWriter,
  VirtualCursor,
} from '../../sqlite/vtab/virtual-table.ts'
import type { CursorRows } from './cursor-rows.ts'
import { MergedRows } from './merged-rows.ts'
import type { RowKeys } from './row-keys.ts'
import { ScanRows } from './scan-rows.ts'
import { conditionOf, readArguments, type VecQuery } from './vec-arguments.ts'
import { COLUMN } from './vec-plan.ts'

export class VecCursor implements VirtualCursor {
  readonly #searcher: Searcher
  readonly #metric: Metric
  readonly #keys: RowKeys
  #rows: CursorRows | undefined
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
    this.#rows = query.vector
      ? this.#match(query, query.vector)
      : new ScanRows(this.#searcher, query)
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

  #match(query: VecQuery, vector: Float32Array): CursorRows {
    const { min, max, accepts } = conditionOf(this.#metric, query.bounds)
    // Each dataset may own all of the rows that are wanted.
    const limit = Math.min(query.limit + query.offset, query.k ?? Infinity)
    const search = {
      query: vector,
      limit,
      more: !query.whole,
      minSimilarity: min,
      maxSimilarity: max,
      accepts,
      ids: query.ids,
    }
    return this.#searcher.shadow.inSnapshot(
      () => new MergedRows(this.#searcher, query.datasets, search, query.offset),
    )
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
