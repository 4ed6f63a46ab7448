import { describeValue } from '../core/describe-value.ts'
import { inspectAs } from '../core/inspect.ts'
import { Utf8 } from '../core/utf8.ts'
import type { RowReader } from '../database/row-reader.ts'
import type { RunResult, Statement as PreparedStatement } from '../database/statement.ts'
import type { BindValue, SqlValue } from '../database/values.ts'
import type { DatabaseHandle } from './handle.ts'
import type { ColumnDefinition, NativeStatement } from './native-statement.ts'
import { StatementCursor } from './statement-cursor.ts'
import { BIGINTS, columnValue, EXACT } from './wasm/values.ts'

/** A row: an object by default, an array after `raw()`, a single value after `pluck()`. */
export type Row = unknown
export type NamedParameters = Readonly<Record<string, BindValue>>
export type Parameters = readonly (BindValue | NamedParameters | readonly BindValue[])[]

type Shape = 'object' | 'array' | 'value' | 'tables'

/** For the engine and the layers above it: the native statement behind a `Statement`. */
export let nativeOf: (statement: Statement) => NativeStatement

/** A prepared statement. It lives until `finalize`, the end of its connection, or garbage collection. */
export class Statement implements PreparedStatement {
  static {
    inspectAs(Statement, statement => {
      const state = statement.#native.live ? (statement.busy ? ', busy' : '') : ', finalized'
      return `Statement { ${JSON.stringify(statement.source)}${state} }`
    })
    nativeOf = statement => statement.#native
  }
  readonly database: DatabaseHandle
  readonly source: string
  /** Whether it returns rows. */
  readonly reader: boolean
  /** Whether it does not write to the database. */
  readonly readonly: boolean
  readonly #native: NativeStatement
  readonly #release: () => void
  #names: string[] = []
  /** The value of `NativeStatement.reprepared` when the column names were read. */
  #namesOf = -1
  readonly #counts: boolean
  #shape: Shape = 'object'

  /** Use `connection.prepare`. `release` removes the statement from the connection's list. */
  constructor(native: NativeStatement, release: () => void) {
    const { raw } = native.database.sqlite
    this.database = native.database
    this.source = native.source
    this.#native = native
    this.#release = release
    this.reader = raw.sqlite3_column_count(native.pointer) > 0
    this.readonly = raw.sqlite3_stmt_readonly(native.pointer) !== 0
    this.#counts = !this.readonly && COUNTED.test(this.source)
  }

  /** Whether the statement is in the middle of `iterate`, `each`, `first` or an open cursor. */
  get busy(): boolean {
    return this.#native.started
  }

  /** Returns each row as its first column. */
  pluck(on = true): this {
    this.#requireReader('pluck')
    this.#shape = on ? 'value' : 'object'
    return this
  }

  /** Returns each row as an array. */
  raw(on = true): this {
    this.#requireReader('raw')
    this.#shape = on ? 'array' : 'object'
    return this
  }

  /** Returns each row with one object per table, keyed by table name; `$` has the values that are not table columns. */
  expand(on = true): this {
    this.#requireReader('expand')
    this.#shape = on ? 'tables' : 'object'
    return this
  }

  /** Returns every INTEGER as bigint, not only those beyond 2^53. */
  safeIntegers(on = true): this {
    this.#native.format = on ? BIGINTS : EXACT
    return this
  }

  /**
   * Binds parameters permanently: later runs use them, and do not take parameters. TypeError if they are already bound.
   *
   *     const recent = db.prepare('SELECT * FROM log WHERE day > ?').bind('2026-01-01')
   */
  bind(...parameters: Parameters): this {
    this.#native.bind(this.#values(parameters))
    return this
  }

  /** The SQL text with the most recently bound values, each as an SQL literal. */
  get expandedSQL(): string {
    return this.#native.expandedSql
  }

  /** The columns that the statement returns, by the current schema of this connection. */
  columns(): ColumnDefinition[] {
    // A statement notices a changed schema only when it runs, so a new one is prepared to ask.
    const fresh = this.#native.again()
    try {
      return fresh.columns()
    } finally {
      fresh.finalize()
    }
  }

  run(...parameters: Parameters): RunResult {
    this.each(this.#values(parameters), passBy)
    const { raw } = this.database.sqlite
    const db = this.database.pointer
    const rowid = raw.sqlite3_last_insert_rowid(db)
    const small = rowid <= 9007199254740991n && rowid >= -9007199254740991n
    return {
      // SQLite's own counter keeps the value of the last INSERT, UPDATE or DELETE.
      changes: this.#counts ? raw.sqlite3_changes(db) : 0,
      lastInsertRowid: small && this.#native.format.integers !== 'bigint' ? Number(rowid) : rowid,
    }
  }

  get(...parameters: Parameters): Row {
    this.#requireReader('get')
    const native = this.#native
    native.begin(this.#values(parameters))
    let row: Row
    try {
      if (native.step()) {
        this.#lookAtColumns()
        row = this.#row()
      }
    } catch (error) {
      native.abandon()
      throw error
    }
    native.end()
    return row
  }

  all(...parameters: Parameters): Row[] {
    this.#requireReader('all')
    const rows: Row[] = []
    this.each(this.#values(parameters), () => {
      if (rows.length === 0) this.#lookAtColumns()
      rows.push(this.#row())
    })
    return rows
  }

  /** Iterates over the rows. The statement is busy until the last row, or until the loop ends. */
  *iterate(...parameters: Parameters): IterableIterator<Row> {
    this.#requireReader('iterate')
    const native = this.#native
    native.begin(this.#values(parameters))
    let thrown = false
    try {
      if (native.step()) {
        this.#lookAtColumns()
        do yield this.#row()
        while (native.step())
      }
    } catch (error) {
      thrown = true
      throw error
    } finally {
      if (thrown) native.abandon()
      else native.end()
    }
  }

  /**
   * Runs the statement and reads its first row; returns undefined if there is none. While `read` runs, the statement
   * is on that row and holds the snapshot.
   *
   * Code of this package uses statements only through `first`, `each` and `cursor`. They end the statement whatever
   * is thrown, and throw what prevents it from ending well.
   */
  first<R>(parameters: readonly BindValue[], read: (row: RowReader) => R): R | undefined {
    const native = this.#native
    native.begin(parameters)
    let result: R | undefined
    try {
      result = native.step() ? read(native) : undefined
    } catch (error) {
      native.abandon()
      throw error
    }
    native.end()
    return result
  }

  /** Runs the statement and visits its rows, until there are no more or `visit` returns false. */
  each(parameters: readonly BindValue[], visit: (row: RowReader) => boolean | void): void {
    const native = this.#native
    native.begin(parameters)
    try {
      while (native.step() && visit(native) !== false);
    } catch (error) {
      native.abandon()
      throw error
    }
    native.end()
  }

  /** Runs the statement, to be stepped by later calls. The caller ends it; an error of a step has already ended it. */
  cursor(parameters: readonly BindValue[]): StatementCursor {
    this.#native.begin(parameters)
    return new StatementCursor(this.#native)
  }

  /**
   * Frees the statement. A second call does nothing. A statement that wrote and was not run to its end commits here,
   * and throws what prevents that. Throws SQLITE_MISUSE inside a function that the running statement calls.
   */
  finalize(): void {
    if (!this.#native.live) return
    try {
      this.#native.finalize()
    } finally {
      if (!this.#native.live) this.#release()
    }
  }

  [Symbol.dispose](): void {
    this.finalize()
  }

  #requireReader(method: string): void {
    if (!this.reader) {
      throw new TypeError(
        `${method}() needs a statement that returns rows: use run() for ${this.source}`,
      )
    }
  }

  /** Reads the columns again if the first step made SQLite prepare the statement for a changed schema. */
  #lookAtColumns(): void {
    const native = this.#native
    const count = native.reprepared
    if (count === this.#namesOf) return
    this.#names = native.columnNames()
    this.#namesOf = count
  }

  /** The current row. Call `#lookAtColumns` before. */
  #row(): Row {
    const { sqlite } = this.database
    const { pointer: stmt, format } = this.#native
    if (this.#shape === 'value') return columnValue(sqlite, stmt, 0, format)
    const names = this.#names
    if (this.#shape === 'array') {
      const row: SqlValue[] = []
      for (let i = 0; i < names.length; i++) row.push(columnValue(sqlite, stmt, i, format))
      return row
    }
    if (this.#shape === 'tables') return this.#native.rowByTable(names)
    const row: Record<string, SqlValue> = {}
    for (let i = 0; i < names.length; i++) row[names[i]] = columnValue(sqlite, stmt, i, format)
    return row
  }

  /** The parameters by position, from each form a caller may pass. */
  #values(parameters: Parameters): readonly BindValue[] {
    if (parameters.length !== 1 || !isContainer(parameters[0])) {
      return parameters as readonly BindValue[]
    }
    const [container] = parameters
    if (Array.isArray(container)) return container as readonly BindValue[]
    const named = container as NamedParameters
    return this.#native.parameterNames.map((name, i) => {
      if (name === null) throw this.#native.wrongCount(0)
      const bare = name.slice(1)
      if (Object.hasOwn(named, bare)) return named[bare]
      if (Object.hasOwn(named, name)) return named[name]
      throw new RangeError(
        `named parameter ${name} (number ${i + 1}) is missing: got ${Object.keys(named).join(', ') || 'none'}`,
      )
    })
  }
}

/** Matches INSERT, UPDATE or DELETE, after white space, comments and empty statements. */
const COUNTED =
  /^(?:[\s;\ufeff]|--[^\n]*(?:\n|$)|\/\*[^]*?\*\/)*(?:insert|replace|update|delete|with)\b/i

const passBy = (): void => undefined

function isContainer(value: unknown): value is NamedParameters | readonly BindValue[] {
  if (typeof value !== 'object' || value === null) return false
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Utf8)
    return false
  // A single Date is a value, although SQLite cannot store it.
  if (value instanceof Date) return false
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return true
  throw new TypeError(
    `parameters cannot be ${describeValue(value)}: pass values, one array of values, or a plain object of named values`,
  )
}
