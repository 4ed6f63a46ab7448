import { VecError } from '../core/errors.ts'
import type { RowReader } from '../database/row-reader.ts'
import type { SqlValue } from '../database/values.ts'
import { stopped, type DatabaseHandle } from './handle.ts'
import { SQLITE_DONE, SQLITE_OK, SQLITE_ROW } from './result-codes.ts'
import {
  BindBuffer,
  bindValue,
  boundBytes,
  columnValue,
  EXACT,
  type ValueFormat,
} from './wasm/values.ts'
import { SQLITE_BLOB, SQLITE_NULL, SQLITE_TEXT, type Pointer } from './wasm/wasm.ts'

export interface ColumnDefinition {
  readonly name: string
  readonly column: string | null
  readonly table: string | null
  readonly database: string | null
  readonly type: string | null
}

/**
 * The sqlite3_stmt* behind a statement, and the only code that steps, resets and frees it. `Statement` and the
 * connection's list share one: freeing it frees it for both, and every use after that throws VEC_CLOSED.
 */
export class NativeStatement implements RowReader {
  readonly database: DatabaseHandle
  readonly source: string
  readonly parameterCount: number
  format: ValueFormat = EXACT
  readonly #buffer: BindBuffer
  #stmt: Pointer
  #parameterNames: readonly (string | null)[] | undefined
  #started = false
  #bound = false
  /** The last step threw its error; the end of the statement would only repeat it. */
  #failed = false
  /** sqlite3_step is running: a function that it calls must neither reset nor free the statement. */
  #stepping = false

  constructor(database: DatabaseHandle, stmt: Pointer, source: string) {
    this.database = database
    this.source = source
    this.#stmt = stmt
    this.#buffer = new BindBuffer(database.sqlite)
    this.parameterCount = database.sqlite.raw.sqlite3_bind_parameter_count(stmt)
  }

  /** True between `begin` and `end`. */
  get started(): boolean {
    return this.#started
  }

  /** True until the statement is freed. */
  get live(): boolean {
    return this.#stmt !== 0
  }

  get pointer(): Pointer {
    if (this.#stmt === 0) throw this.#closed()
    if (this.database.broken !== undefined) throw stopped(this.database.broken)
    return this.#stmt
  }

  /** Binds the values and starts before the first row. `end` or `abandon` must follow. */
  begin(values: readonly unknown[]): void {
    if (this.#started) throw this.#busy()
    if (this.#bound) {
      if (values.length > 0) throw alreadyBound(this.source)
    } else this.#bindAll(values)
    this.#started = true
    this.#failed = false
  }

  /** Binds permanently: `begin` takes no values from then on. */
  bind(values: readonly unknown[]): void {
    if (this.#bound) throw alreadyBound(this.source)
    if (this.#started) throw this.#busy()
    this.#bindAll(values)
    this.#bound = true
  }

  /** Whether the parameters are bound permanently. */
  get bound(): boolean {
    return this.#bound
  }

  /** The SQL text with the bound values in it. */
  get expandedSql(): string {
    const { sqlite } = this.database
    const p = sqlite.raw.sqlite3_expanded_sql(this.pointer)
    const text = p === 0 ? this.source : sqlite.readCString(p)
    sqlite.free(p)
    return text
  }

  #bindAll(values: readonly unknown[]): void {
    const stmt = this.pointer
    const { doubles } = this.format
    const count = values.length
    if (count !== this.parameterCount) throw this.wrongCount(count)
    let bytes = 0
    for (let i = 0; i < count; i++) bytes += boundBytes(values[i])
    const buffer = this.#buffer
    const { sqlite } = this.database
    buffer.reserve(bytes)
    for (let i = 0; i < count; i++) {
      const code = bindValue(sqlite, stmt, i + 1, values[i], buffer, doubles)
      if (code !== SQLITE_OK) throw this.database.failure(code)
    }
  }

  /** Names of the parameters with their sign, in order; null for a parameter without a name. */
  get parameterNames(): readonly (string | null)[] {
    const { sqlite } = this.database
    this.#parameterNames ??= Array.from({ length: this.parameterCount }, (_, i) => {
      const p = sqlite.raw.sqlite3_bind_parameter_name(this.pointer, i + 1)
      return p === 0 ? null : sqlite.readCString(p)
    })
    return this.#parameterNames
  }

  wrongCount(given: number): RangeError {
    const names = this.parameterNames.filter(name => name !== null)
    const wanted = names.length === 0 ? '' : ` (${names.join(', ')})`
    return new RangeError(
      `wrong number of parameters: ${given} given, ${this.parameterCount} expected${wanted} by ${this.source}`,
    )
  }

  /** Goes to the next row; false after the last. */
  step(): boolean {
    const stmt = this.pointer
    const db = this.database
    const { sqlite } = db
    const outer = db.running
    const nested = sqlite.enter()
    db.running = this
    this.#stepping = true
    let code: number
    try {
      code = sqlite.raw.sqlite3_step(stmt)
    } catch (error) {
      db.broken = error
      throw stopped(error)
    }
    sqlite.leave(nested)
    this.#stepping = false
    db.running = outer
    if (code === SQLITE_ROW) return true
    if (code === SQLITE_DONE) return false
    this.#failed = true
    throw db.failure(code)
  }

  /** How often SQLite prepared the statement again because the schema changed. */
  get reprepared(): number {
    const STMTSTATUS_REPREPARE = 5
    return this.database.sqlite.raw.sqlite3_stmt_status(this.pointer, STMTSTATUS_REPREPARE, 0)
  }

  /** A new statement of the same SQL, prepared for the current schema. */
  again(): NativeStatement {
    const { database } = this
    const sql = database.sqlite.raw.sqlite3_sql(this.pointer)
    return new NativeStatement(database, database.compile(sql, -1, 0).stmt, this.source)
  }

  columnNames(): string[] {
    const { sqlite } = this.database
    const stmt = this.pointer
    return Array.from({ length: sqlite.raw.sqlite3_column_count(stmt) }, (_, i) =>
      sqlite.readCString(sqlite.raw.sqlite3_column_name(stmt, i)),
    )
  }

  columns(): ColumnDefinition[] {
    const { sqlite } = this.database
    const { raw } = sqlite
    const stmt = this.pointer
    const text = (p: Pointer): string | null => (p === 0 ? null : sqlite.readCString(p))
    return this.columnNames().map((name, i) => ({
      name,
      column: text(raw.sqlite3_column_origin_name(stmt, i)),
      table: text(raw.sqlite3_column_table_name(stmt, i)),
      database: text(raw.sqlite3_column_database_name(stmt, i)),
      type: text(raw.sqlite3_column_decltype(stmt, i)),
    }))
  }

  /** The row as one object per table. `$` holds the columns that belong to no table. */
  rowByTable(names: readonly string[]): Record<string, Record<string, SqlValue>> {
    const { sqlite } = this.database
    const row: Record<string, Record<string, SqlValue>> = {}
    for (const [i, name] of names.entries()) {
      const p = sqlite.raw.sqlite3_column_table_name(this.pointer, i)
      const part = (row[p === 0 ? '$' : sqlite.readCString(p)] ??= {})
      part[name] = this.value(i)
    }
    return row
  }

  /** The SQL text of this one statement. */
  get sql(): string {
    const { sqlite } = this.database
    return sqlite.readCString(sqlite.raw.sqlite3_sql(this.pointer))
  }

  /**
   * Releases the rows, and the transaction that came with them. A statement that wrote and was not stepped to its end
   * commits here, and throws what prevents the commit.
   */
  end(): void {
    if (this.#stmt === 0 || this.database.broken !== undefined) return
    const code = this.#reset()
    if (code !== SQLITE_OK && !this.#failed) throw this.database.failure(code)
  }

  /** `end` after another error, which takes precedence. */
  abandon(): void {
    if (this.#stmt !== 0 && this.database.broken === undefined) this.#reset()
  }

  /**
   * Frees the statement. A second call does nothing. Throws what prevented the commit, as `end` does; the statement
   * is freed in any case.
   */
  finalize(): void {
    if (this.#stmt === 0 || this.database.broken !== undefined) return
    this.#requireIdle('finalize()')
    const { raw } = this.database.sqlite
    const matters = this.#started && !this.#failed
    const stmt = this.#stmt
    this.#stmt = 0
    this.#started = false
    const code = raw.sqlite3_finalize(stmt)
    this.#buffer.release()
    if (matters && code !== SQLITE_OK) throw this.database.failure(code)
  }

  value(column: number): SqlValue {
    return columnValue(this.database.sqlite, this.pointer, column, this.format)
  }

  isNull(column: number): boolean {
    return this.database.sqlite.raw.sqlite3_column_type(this.pointer, column) === SQLITE_NULL
  }

  isText(column: number): boolean {
    return this.database.sqlite.raw.sqlite3_column_type(this.pointer, column) === SQLITE_TEXT
  }

  isBlob(column: number): boolean {
    return this.database.sqlite.raw.sqlite3_column_type(this.pointer, column) === SQLITE_BLOB
  }

  number(column: number): number {
    return this.database.sqlite.raw.sqlite3_column_double(this.pointer, column)
  }

  bigint(column: number): bigint {
    return this.database.sqlite.raw.sqlite3_column_int64(this.pointer, column)
  }

  text(column: number): string {
    const { sqlite } = this.database
    const p = sqlite.raw.sqlite3_column_text(this.pointer, column)
    return sqlite.readText(p, sqlite.raw.sqlite3_column_bytes(this.pointer, column))
  }

  bytes(column: number, length: number = this.byteLength(column)): Uint8Array {
    const { sqlite } = this.database
    const p = sqlite.raw.sqlite3_column_blob(this.pointer, column)
    return sqlite.u8.subarray(p, p + length)
  }

  byteLength(column: number): number {
    return this.database.sqlite.raw.sqlite3_column_bytes(this.pointer, column)
  }

  #reset(): number {
    this.#requireIdle('the end of the loop')
    const { raw } = this.database.sqlite
    this.#started = false
    const code = raw.sqlite3_reset(this.#stmt)
    if (this.#buffer.large && !this.#bound) {
      raw.sqlite3_clear_bindings(this.#stmt)
      this.#buffer.release()
    }
    return code
  }

  #requireIdle(what: string): void {
    if (!this.#stepping) return
    throw new VecError(
      'SQLITE_MISUSE',
      `${what} was called from a function that this running statement calls: ${this.source}`,
      { hint: 'return from the function first' },
    )
  }

  #busy(): TypeError {
    return new TypeError(
      `this statement is busy (its iterate() is not finished): prepare a second one for ${this.source}`,
    )
  }

  #closed(): VecError {
    return new VecError(
      'VEC_CLOSED',
      this.database.open
        ? 'the statement is finalized: prepare it again'
        : 'the database connection is closed: open() it again',
    )
  }
}

function alreadyBound(source: string): TypeError {
  return new TypeError(
    `the parameters of this statement are already bound: prepare another one to bind other values in ${source}`,
  )
}
