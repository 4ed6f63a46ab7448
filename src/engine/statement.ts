import { VecError } from '../errors.ts'
import type { DatabaseHandle } from './handle.ts'
import {
  bindValue,
  boundBytes,
  type BindBuffer,
  columnValue,
  describe,
  Utf8,
  type BindValue,
  type SqlValue,
} from './values.ts'
import {
  SQLITE_BLOB,
  SQLITE_DONE,
  SQLITE_NULL,
  SQLITE_ROW,
  SQLITE_TEXT,
  type Pointer,
  type Sqlite,
} from './wasm.ts'

export interface RunResult {
  /** Rows inserted, updated or deleted by the statement itself. */
  readonly changes: number
  readonly lastInsertRowid: number | bigint
}

export interface ColumnDefinition {
  readonly name: string
  readonly column: string | null
  readonly table: string | null
  readonly database: string | null
  readonly type: string | null
}

/** A row: an object by default, an array after `raw()`, a single value after `pluck()`. */
export type Row = unknown
export type NamedParameters = Readonly<Record<string, BindValue>>
export type Parameters = readonly (BindValue | NamedParameters | readonly BindValue[])[]

type Shape = 'object' | 'array' | 'value'

/** A prepared statement. Lives until `finalize`, the end of its connection, or garbage collection. */
export class Statement {
  readonly database: DatabaseHandle
  readonly source: string
  /** It returns rows. */
  readonly reader: boolean
  /** It does not write to the database. */
  readonly readonly: boolean
  readonly #sqlite: Sqlite
  readonly #columnCount: number
  readonly #parameterCount: number
  readonly #buffer: BindBuffer
  readonly #release: () => boolean
  #stmt: Pointer
  #names: string[] | undefined
  #parameterNames: (string | null)[] | undefined
  #shape: Shape = 'object'
  #bigints = false
  #started = false

  /** Use `connection.prepare`. `release` takes the statement off the connection's list; false when it is off. */
  constructor(
    database: DatabaseHandle,
    sqlite: Sqlite,
    stmt: Pointer,
    source: string,
    buffer: BindBuffer,
    release: () => boolean,
  ) {
    const { raw } = sqlite
    this.database = database
    this.source = source
    this.#sqlite = sqlite
    this.#stmt = stmt
    this.#buffer = buffer
    this.#release = release
    this.#columnCount = raw.sqlite3_column_count(stmt)
    this.#parameterCount = raw.sqlite3_bind_parameter_count(stmt)
    this.reader = this.#columnCount > 0
    this.readonly = raw.sqlite3_stmt_readonly(stmt) !== 0
  }

  /** A statement that is in the middle of `iterate` or `start`. */
  get busy(): boolean {
    return this.#started
  }

  /** Rows as their first column alone. */
  pluck(on = true): this {
    this.#requireReader('pluck')
    this.#shape = on ? 'value' : 'object'
    return this
  }

  /** Rows as arrays. */
  raw(on = true): this {
    this.#requireReader('raw')
    this.#shape = on ? 'array' : 'object'
    return this
  }

  /** Every INTEGER as bigint, not only those beyond 2^53. */
  safeIntegers(on = true): this {
    this.#bigints = on
    return this
  }

  columns(): ColumnDefinition[] {
    const { raw } = this.#sqlite
    const stmt = this.#live()
    const text = (p: Pointer): string | null => (p === 0 ? null : this.#sqlite.readCString(p))
    return this.#columnNames().map((name, i) => ({
      name,
      column: text(raw.sqlite3_column_origin_name(stmt, i)),
      table: text(raw.sqlite3_column_table_name(stmt, i)),
      database: text(raw.sqlite3_column_database_name(stmt, i)),
      type: text(raw.sqlite3_column_decltype(stmt, i)),
    }))
  }

  run(...parameters: Parameters): RunResult {
    this.start(...parameters)
    try {
      while (this.step());
    } finally {
      this.end()
    }
    const { raw } = this.#sqlite
    const db = this.database.pointer
    const rowid = raw.sqlite3_last_insert_rowid(db)
    const small = rowid <= 9007199254740991n && rowid >= -9007199254740991n
    return {
      changes: raw.sqlite3_changes(db),
      lastInsertRowid: small && !this.#bigints ? Number(rowid) : rowid,
    }
  }

  get(...parameters: Parameters): Row {
    this.#requireReader('get')
    this.start(...parameters)
    try {
      return this.step() ? this.#row() : undefined
    } finally {
      this.end()
    }
  }

  all(...parameters: Parameters): Row[] {
    this.#requireReader('all')
    this.start(...parameters)
    const rows: Row[] = []
    try {
      while (this.step()) rows.push(this.#row())
    } finally {
      this.end()
    }
    return rows
  }

  /** Rows one by one. The statement is busy until the last row, or until the loop is left. */
  *iterate(...parameters: Parameters): IterableIterator<Row> {
    this.#requireReader('iterate')
    this.start(...parameters)
    try {
      while (this.step()) yield this.#row()
    } finally {
      this.end()
    }
  }

  /** Binds and stands before the first row, for `step` and the column readers below; `end` must follow. */
  start(...parameters: Parameters): void {
    const stmt = this.#live()
    if (this.#started) {
      throw new TypeError(
        `this statement is busy (an iterate() of it is not finished): prepare a second one for ${this.source}`,
      )
    }
    if (parameters.length === 1 && isContainer(parameters[0]))
      this.#bindContainer(stmt, parameters[0])
    else this.#bindPositional(stmt, parameters as readonly BindValue[])
    this.#started = true
  }

  /** Goes to the next row; false after the last. */
  step(): boolean {
    const code = this.#sqlite.raw.sqlite3_step(this.#live())
    if (code === SQLITE_ROW) return true
    if (code === SQLITE_DONE) return false
    throw this.database.failure(code)
  }

  /** Lets go of the rows, and of the read transaction that came with them. */
  end(): void {
    this.#started = false
    if (this.#stmt === 0) return
    const { raw } = this.#sqlite
    raw.sqlite3_reset(this.#stmt)
    if (!this.#buffer.large) return
    raw.sqlite3_clear_bindings(this.#stmt)
    this.#buffer.release()
  }

  value(i: number): SqlValue {
    return columnValue(this.#sqlite, this.#stmt, i, this.#bigints)
  }

  isNull(i: number): boolean {
    return this.#sqlite.raw.sqlite3_column_type(this.#stmt, i) === SQLITE_NULL
  }

  isText(i: number): boolean {
    return this.#sqlite.raw.sqlite3_column_type(this.#stmt, i) === SQLITE_TEXT
  }

  isBlob(i: number): boolean {
    return this.#sqlite.raw.sqlite3_column_type(this.#stmt, i) === SQLITE_BLOB
  }

  /** A column as double: INTEGER and REAL exactly up to 2^53, NULL as 0. */
  number(i: number): number {
    return this.#sqlite.raw.sqlite3_column_double(this.#stmt, i)
  }

  bigint(i: number): bigint {
    return this.#sqlite.raw.sqlite3_column_int64(this.#stmt, i)
  }

  text(i: number): string {
    const p = this.#sqlite.raw.sqlite3_column_text(this.#stmt, i)
    return this.#sqlite.readText(p, this.#sqlite.raw.sqlite3_column_bytes(this.#stmt, i))
  }

  /**
   * The bytes of a BLOB or TEXT column in SQLite's own memory: a view, gone after the next call of anything. `length`, if it
   * is known already: `byteLength(i)`.
   */
  bytes(i: number, length: number = this.byteLength(i)): Uint8Array {
    const p = this.#sqlite.raw.sqlite3_column_blob(this.#stmt, i)
    return this.#sqlite.u8.subarray(p, p + length)
  }

  /** Length in bytes of a BLOB or TEXT column. */
  byteLength(i: number): number {
    return this.#sqlite.raw.sqlite3_column_bytes(this.#stmt, i)
  }

  finalize(): void {
    if (this.#stmt === 0) return
    const stmt = this.#stmt
    this.#stmt = 0
    this.#started = false
    // Closing ends statements in any order: a vec table that is let go on the way comes with some that are ended.
    if (!this.#release()) return
    this.#sqlite.raw.sqlite3_finalize(stmt)
    this.#buffer.release()
  }

  [Symbol.dispose](): void {
    this.finalize()
  }

  #live(): Pointer {
    if (this.#stmt === 0 || !this.database.open) {
      throw new VecError(
        'VEC_CLOSED',
        this.database.open
          ? 'the statement is finalized: prepare it again'
          : 'the database connection is closed: open() it again',
      )
    }
    return this.#stmt
  }

  #requireReader(method: string): void {
    if (!this.reader) {
      throw new TypeError(
        `${method}() needs a statement that returns rows: use run() for ${this.source}`,
      )
    }
  }

  #columnNames(): string[] {
    // SELECT * after a schema change re-prepares with other columns, so the count is asked each time.
    const { raw } = this.#sqlite
    const count = raw.sqlite3_column_count(this.#stmt)
    if (this.#names?.length !== count) {
      this.#names = Array.from({ length: count }, (_, i) =>
        this.#sqlite.readCString(raw.sqlite3_column_name(this.#stmt, i)),
      )
    }
    return this.#names
  }

  #row(): Row {
    const sqlite = this.#sqlite
    const stmt = this.#stmt
    const bigints = this.#bigints
    if (this.#shape === 'value') return columnValue(sqlite, stmt, 0, bigints)
    const names = this.#columnNames()
    if (this.#shape === 'array') {
      const row: SqlValue[] = []
      for (let i = 0; i < names.length; i++) row.push(columnValue(sqlite, stmt, i, bigints))
      return row
    }
    const row: Record<string, SqlValue> = {}
    for (let i = 0; i < names.length; i++) row[names[i]] = columnValue(sqlite, stmt, i, bigints)
    return row
  }

  #bindPositional(stmt: Pointer, values: readonly BindValue[]): void {
    const count = this.#parameterCount
    if (values.length !== count) throw this.#wrongCount(values.length)
    let bytes = 0
    for (let i = 0; i < count; i++) bytes += boundBytes(values[i])
    this.#buffer.reserve(bytes)
    for (let i = 0; i < count; i++) {
      const code = bindValue(
        this.#sqlite,
        stmt,
        i + 1,
        values[i],
        this.#buffer,
        () => `parameter ${i + 1}`,
      )
      if (code !== 0) throw this.database.failure(code)
    }
  }

  #bindContainer(stmt: Pointer, container: NamedParameters | readonly BindValue[]): void {
    if (Array.isArray(container)) {
      this.#bindPositional(stmt, container as readonly BindValue[])
      return
    }
    const named = container as NamedParameters
    const names = this.#namesOfParameters()
    const values = names.map((name, i) => {
      if (name === null) throw this.#wrongCount(0)
      const bare = name.slice(1)
      if (Object.hasOwn(named, bare)) return named[bare]
      if (Object.hasOwn(named, name)) return named[name]
      throw new RangeError(
        `named parameter ${name} (number ${i + 1}) is missing: given were ${Object.keys(named).join(', ') || 'none'}`,
      )
    })
    this.#bindPositional(stmt, values)
  }

  #namesOfParameters(): (string | null)[] {
    const { raw } = this.#sqlite
    this.#parameterNames ??= Array.from({ length: this.#parameterCount }, (_, i) => {
      const p = raw.sqlite3_bind_parameter_name(this.#stmt, i + 1)
      return p === 0 ? null : this.#sqlite.readCString(p)
    })
    return this.#parameterNames
  }

  #wrongCount(given: number): RangeError {
    const names = this.#namesOfParameters().filter(name => name !== null)
    const wanted = names.length === 0 ? '' : ` (${names.join(', ')})`
    return new RangeError(
      `wrong number of parameters: ${given} given, ${this.#parameterCount} expected${wanted} by ${this.source}`,
    )
  }
}

function isContainer(value: unknown): value is NamedParameters | readonly BindValue[] {
  if (typeof value !== 'object' || value === null) return false
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Utf8)
    return false
  // A single date is a value, though none that SQLite has.
  if (value instanceof Date) return false
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return true
  throw new TypeError(
    `parameters cannot be ${describe(value)}: pass values, one array of values, or a plain object of named values`,
  )
}
