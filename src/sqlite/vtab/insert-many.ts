import { requirePlainObject } from '../../core/argument-error.ts'
import { describeValue, isThenable } from '../../core/describe-value.ts'
import { knownWord } from '../../core/known-word.ts'
import { doubleQuoted } from '../../core/quote.ts'
import type { BindValue } from '../../database/values.ts'
import type { Connection } from '../connection.ts'
import { nameText } from '../sql-text.ts'
import { boundBytes, unbindable } from '../wasm/values.ts'
import type { Plan } from './index-info.ts'
import type { ResultWriter, VirtualCursor, VirtualTable } from './virtual-table.ts'
import { registerModule } from './vtab.ts'

export interface InsertManyOptions {
  /** Schema of the table; default 'main'. */
  readonly schema?: string
  /** What to do with a row whose key already exists; default: an error. */
  readonly conflict?: 'abort' | 'ignore' | 'replace'
}

/** Values of a row, in the order of the columns. */
export type InsertRow = readonly BindValue[]

const CONFLICTS = { abort: '', ignore: 'OR IGNORE', replace: 'OR REPLACE' } as const
const CONFLICT_WORDS = ['abort', 'ignore', 'replace'] as const

const MODULE = 'vec_insert_rows'
/** The maximum number of columns of a source. SQLite's own limit is 2000. */
const MAX_COLUMNS = 64

/**
 * A statement inserts this many rows, and about this many bytes. For a table with triggers, SQLite first copies all
 * rows that a statement selects, so the copy should be small. On the other hand, each statement journals again the
 * old content of the pages it changes.
 */
const STATEMENT_ROWS = 32768
const STATEMENT_BYTES = 1 << 24

/**
 * Inserts rows, all or none, by few statements: `INSERT INTO table(columns) SELECT ... FROM` the rows. Triggers fire
 * for each row as usual, but the cost of a statement is shared by thousands of rows (bench/RESULTS.md compares it
 * with one INSERT per row). Rows may come from a generator: only the rows of one statement are in memory at a time.
 * Returns the number of inserted rows. Throws RangeError for a row of another length than `columns`, TypeError for a
 * value that SQLite cannot store.
 *
 *     insertMany(db, '_vec_docs', ['dataset_id', 'id', 'embedding'], [['en', 'a', encodeEmbedding([1, 0])]]) // 1
 */
export function insertMany(
  db: Connection,
  table: string,
  columns: readonly string[],
  rows: Iterable<InsertRow>,
  options: InsertManyOptions = {},
): number {
  nameText(table, 'insertMany(): the name of the table')
  if (!Array.isArray(columns)) {
    throw new TypeError(
      `insertMany() takes an array of column names, got ${describeValue(columns)}`,
    )
  }
  if (columns.length === 0 || columns.length > MAX_COLUMNS) {
    throw new RangeError(`insertMany() takes 1 to ${MAX_COLUMNS} columns, got ${columns.length}`)
  }
  for (const column of columns) nameText(column, 'insertMany(): the name of a column')
  requirePlainObject('insertMany()', 'options', options, 'an object with schema and conflict')
  const { schema = 'main', conflict = 'abort' } = options
  nameText(schema, 'insertMany(): the name of the schema')
  const clause = CONFLICTS[knownWord('conflict', conflict, CONFLICT_WORDS)]
  const iterator = iteratorOf(rows)
  const source = sourceOf(db)
  if (source.rows) {
    throw new TypeError(
      'insertMany() was called while another insertMany() of the same connection is running',
    )
  }
  const target = `${doubleQuoted(schema)}.${doubleQuoted(table)}`
  const selected = columns.map((_, i) => `c${i}`).join(', ')
  const insert = db.prepare(
    `INSERT ${clause} INTO ${target}(${columns.map(doubleQuoted).join(', ')}) SELECT ${selected} FROM ${MODULE}`,
  )
  const whole = mustBeOneStatement(db)
  source.take(iterator, columns.length, whole)
  const insertAll = (): number => {
    let count = 0
    while (!source.done) count += insert.run().changes
    return count
  }
  try {
    return whole ? insertAll() : db.transaction(insertAll)()
  } catch (error) {
    // SQLite reports it as the failure of a virtual table.
    throw source.refusal ?? error
  } finally {
    insert.finalize()
    source.release()
  }
}

function iteratorOf(rows: Iterable<InsertRow>): Iterator<InsertRow> {
  const given = rows as Partial<Iterable<InsertRow> & AsyncIterable<InsertRow>> | null | undefined
  if (typeof rows !== 'string' && typeof given?.[Symbol.iterator] === 'function') {
    return rows[Symbol.iterator]()
  }
  const later = typeof given?.[Symbol.asyncIterator] === 'function' || isThenable(rows)
  throw new TypeError(
    `insertMany() takes an iterable of rows, each an array of values, got ${describeValue(rows)}${
      later ? ': collect asynchronous rows first, and insert them in batches' : ''
    }`,
  )
}

/**
 * Inside another statement, no transaction can begin, and SQLite undoes only whole statements. It checks foreign keys
 * at the end of a statement, and a row may refer to one that comes long after it.
 */
function mustBeOneStatement(db: Connection): boolean {
  return db.insideStatement || db.pragma('foreign_keys', { simple: true }) === 1
}

/** The source from which the running statements take their rows. */
class RowSource implements VirtualTable {
  /** Keeps views and triggers of the file from taking rows away from the statement they are meant for. */
  readonly risk = 'direct-only'
  rows: Iterator<InsertRow> | undefined
  done = false
  /** Whether one statement takes all rows. */
  whole = false
  /** Why a row cannot be inserted. */
  refusal: Error | undefined
  /** The number of rows taken so far. */
  count = 0
  readonly declaration: string = `CREATE TABLE x(${Array.from({ length: MAX_COLUMNS }, (_, i) => `c${i}`).join(', ')})`
  #width = 0

  take(rows: Iterator<InsertRow>, width: number, whole: boolean): void {
    this.rows = rows
    this.whole = whole
    this.done = false
    this.refusal = undefined
    this.count = 0
    this.#width = width
  }

  release(): void {
    this.rows?.return?.()
    this.rows = undefined
  }

  /** The next row; undefined after the last. */
  next(): InsertRow | undefined {
    const next = this.rows?.next()
    if (!next || next.done) {
      this.done = true
      return undefined
    }
    this.count++
    if (!Array.isArray(next.value) || next.value.length !== this.#width) {
      const given = Array.isArray(next.value)
        ? `${next.value.length} values`
        : describeValue(next.value)
      throw this.refuse(
        new RangeError(
          `row ${this.count} has ${given}: expected an array of ${this.#width} values`,
        ),
      )
    }
    return next.value
  }

  refuse(error: Error): Error {
    this.refusal = error
    return error
  }

  bestIndex(): Plan {
    return { cost: 1, rows: 1_000_000 }
  }

  open(): VirtualCursor {
    return new RowCursor(this)
  }
}

/** The rows of one statement. */
class RowCursor implements VirtualCursor {
  readonly #source: RowSource
  #row: InsertRow = []
  #rows = 0
  #bytes = 0
  #column = 0
  eof = false
  readonly #where = (): string => `value ${this.#column + 1} of row ${this.#source.count}`

  constructor(source: RowSource) {
    this.#source = source
  }

  filter(): void {
    this.#rows = 0
    this.#bytes = 0
    this.eof = false
    this.next()
  }

  next(): void {
    const full = this.#rows === STATEMENT_ROWS || this.#bytes >= STATEMENT_BYTES
    const row = full && !this.#source.whole ? undefined : this.#source.next()
    if (row) this.#row = row
    else this.eof = true
    this.#rows++
  }

  column(result: ResultWriter, column: number): void {
    const value = this.#row[column]
    this.#column = column
    if (value === undefined || (typeof value === 'number' && Number.isNaN(value))) {
      throw this.#source.refuse(unbindable(value, this.#where()))
    }
    this.#bytes += boundBytes(value)
    result.value(value, this.#where)
  }

  rowid(): bigint {
    return BigInt(this.#source.count)
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
