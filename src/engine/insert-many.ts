import { doubleQuoted } from '../schema/identifiers.ts'
import type { Connection } from './connection.ts'
import type { IndexInfo } from './index-info.ts'
import { asBytes, describe, unbindable, type BindValue } from './values.ts'
import type { ResultWriter, VirtualCursor, VirtualTable } from './virtual-table.ts'
import { registerModule } from './vtab.ts'

export interface InsertManyOptions {
  /** Schema of the table; 'main' unless given. */
  readonly schema?: string
  /** What becomes of a row whose key is there already: an error by default. */
  readonly conflict?: 'abort' | 'ignore' | 'replace'
}

/** Values of a row, in the order of the columns. */
export type InsertRow = readonly BindValue[]

const MODULE = 'vec_insert_rows'
/** Columns a source can have: SQLite's own limit is 2000, and nobody has asked. */
const MAX_COLUMNS = 64

/**
 * Inserts rows in one statement, all or none: `INSERT INTO table(columns) SELECT ... FROM` the rows. Triggers fire for
 * each row as ever, but what a statement costs is paid once (bench/RESULTS.md compares it with an INSERT a row). Rows may
 * come from a generator; nothing is collected. Returns how many were inserted.
 */
export function insertMany(
  db: Connection,
  table: string,
  columns: readonly string[],
  rows: Iterable<InsertRow>,
  options: InsertManyOptions = {},
): number {
  if (columns.length === 0 || columns.length > MAX_COLUMNS) {
    throw new RangeError(`insertMany() takes 1 to ${MAX_COLUMNS} columns, not ${columns.length}`)
  }
  const source = sourceOf(db)
  if (source.rows) {
    throw new TypeError(
      'insertMany() was called while another one of the same connection reads its rows',
    )
  }
  const conflict = { abort: '', ignore: 'OR IGNORE', replace: 'OR REPLACE' }[
    options.conflict ?? 'abort'
  ]
  const target = `${doubleQuoted(options.schema ?? 'main')}.${doubleQuoted(table)}`
  const selected = columns.map((_, i) => `c${i}`).join(', ')
  const insert = db.prepare(
    `INSERT ${conflict} INTO ${target}(${columns.map(doubleQuoted).join(', ')}) SELECT ${selected} FROM ${MODULE}`,
  )
  source.rows = rows[Symbol.iterator]()
  source.width = columns.length
  try {
    return insert.run().changes
  } finally {
    source.rows.return?.()
    source.rows = undefined
    insert.finalize()
  }
}

/** Where the statement that is running takes its rows from. */
class RowSource implements VirtualTable {
  rows: Iterator<InsertRow> | undefined
  width = 0
  readonly declaration: string = `CREATE TABLE x(${Array.from({ length: MAX_COLUMNS }, (_, i) => `c${i}`).join(', ')})`

  bestIndex(info: IndexInfo): boolean {
    info.cost = 1
    info.rows = 1_000_000n
    return true
  }

  open(): VirtualCursor {
    return new RowCursor(this)
  }
}

class RowCursor implements VirtualCursor {
  readonly #source: RowSource
  #row: InsertRow = []
  #at = 0
  eof = false

  constructor(source: RowSource) {
    this.#source = source
  }

  filter(): void {
    this.#at = 0
    this.eof = false
    this.#advance()
  }

  next(): void {
    this.#at++
    this.#advance()
  }

  column(result: ResultWriter, column: number): void {
    const value = this.#row[column]
    if (value === undefined || (typeof value === 'number' && Number.isNaN(value))) {
      throw unbindable(value, `value ${column + 1} of row ${this.#at + 1}`)
    }
    if (typeof value === 'object' && value !== null && asBytes(value) === undefined) {
      throw unbindable(value, `value ${column + 1} of row ${this.#at + 1}`)
    }
    result.value(value)
  }

  rowid(): bigint {
    return BigInt(this.#at + 1)
  }

  #advance(): void {
    const { rows, width } = this.#source
    const next = rows?.next()
    if (!next || next.done) {
      this.eof = true
      return
    }
    if (!Array.isArray(next.value) || next.value.length !== width) {
      const given = Array.isArray(next.value) ? `${next.value.length} values` : describe(next.value)
      throw new RangeError(
        `row ${this.#at + 1} has ${given}: expected is an array of ${width} values`,
      )
    }
    this.#row = next.value
  }
}

const sources = new WeakMap<Connection, RowSource>()

function sourceOf(db: Connection): RowSource {
  let source = sources.get(db)
  if (!source) {
    const made = new RowSource()
    registerModule(db, MODULE, { connect: () => made })
    sources.set(db, (source = made))
  }
  return source
}
