import type { GivenIds } from '../../core/id-list.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { Cursor, Statement } from '../../database/statement.ts'
import type { Searcher } from '../../search/query/searcher.ts'
import { COLUMN } from '../../search/schema/columns.ts'
import { OF_DATASET } from '../../search/schema/names.ts'
import type { RowFilter } from '../../search/schema/row-filter.ts'
import type { CursorRows } from './cursor-rows.ts'
import type { VecQuery } from './vec-arguments.ts'

/** All rows of datasets in the order of their rowids, or the rows of given ids, directly from the shadow table. */
export class ScanRows implements CursorRows {
  readonly #searcher: Searcher
  readonly #datasets: readonly string[]
  readonly #ids: GivenIds | undefined
  readonly #filter: RowFilter | undefined
  #statement: Statement | undefined
  /** Undefined between two datasets or ids. */
  #cursor: Cursor | undefined
  #part = 0
  #idAt = 0
  #left: number
  eof = false

  constructor(searcher: Searcher, query: VecQuery) {
    this.#searcher = searcher
    this.#datasets = query.datasets
    this.#ids = query.ids
    this.#filter = query.filter
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

  /** Each cursor has its own statement, since two scans may run at once. */
  #prepare(): Statement {
    const { shadow } = this.#searcher
    const { rowid } = shadow.refresh()
    const byId = this.#ids ? `AND ${COLUMN.id} = ?2 AND ${COLUMN.id} = ?2 COLLATE BINARY` : ''
    const passing = this.#filter ? `AND (${this.#filter.sql})` : ''
    const order = rowid === undefined || this.#ids ? '' : `ORDER BY ${rowid}`
    return shadow.db.prepare(
      `SELECT ${rowid ?? 'NULL'}, ${COLUMN.id} FROM ${shadow.sql}
       WHERE ${OF_DATASET} ${byId} ${shadow.visible} ${passing} ${order}`,
    )
  }

  #advance(): void {
    this.#statement ??= this.#prepare()
    const statement = this.#statement
    for (;;) {
      if (!this.#cursor) {
        if (this.#part === this.#datasets.length) break
        const id = this.#ids?.at(this.#idAt)
        if (this.#ids && id === undefined) {
          this.#part++
          this.#idAt = 0
          continue
        }
        const dataset = this.#datasets[this.#part]
        this.#cursor = statement.cursor([
          dataset,
          ...(id ? [new Utf8(id)] : []),
          ...(this.#filter?.parameters ?? []),
        ])
      }
      if (this.#cursor.step()) return
      this.#cursor = undefined
      if (this.#ids) this.#idAt++
      else this.#part++
    }
    this.#finish()
  }
}
