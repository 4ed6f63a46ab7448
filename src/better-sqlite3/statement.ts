import type { SqlValue } from '../database/values.ts'
import type { NativeStatement } from '../sqlite/native-statement.ts'
import { nativeOf, type Statement as EngineStatement } from '../sqlite/statement.ts'
import { columnValue, type ValueFormat } from '../sqlite/wasm/values.ts'
import { busy, type ConnectionState } from './connection-state.ts'
import type { DatabaseFacts } from './database-facts.ts'
import { StatementParameters } from './parameters.ts'
import { closed } from './sqlite-error.ts'
import { StatementIterator } from './statement-iterator.ts'
import { asBuffer, switchArgument } from './values.ts'

export interface RunResult {
  changes: number
  lastInsertRowid: number | bigint
}

export interface ColumnDefinition {
  name: string
  column: string | null
  table: string | null
  database: string | null
  type: string | null
}

const NUMBERS: ValueFormat = { integers: 'number', doubles: true, blob: asBuffer }
const BIGINTS: ValueFormat = { ...NUMBERS, integers: 'bigint' }

/** The parts of a statement, which only a database can supply. */
export interface StatementParts {
  readonly state: ConnectionState
  readonly database: DatabaseFacts
  readonly prepared: EngineStatement
  /** Whether it is a PRAGMA, which returns rows whatever SQLite reports about its columns. */
  readonly isPragma: boolean
}

/** The form of a row. */
type Mode = 'flat' | 'pluck' | 'raw' | 'expand'

/**
 * A prepared statement with the interface of better-sqlite3, made by `db.prepare`. `public-types.ts` documents the
 * members.
 */
export class Statement {
  declare readonly reader: boolean
  declare readonly readonly: boolean
  declare readonly source: string
  declare readonly database: DatabaseFacts
  declare readonly busy: boolean
  readonly #state: ConnectionState
  /** Keeps SQLite's statement from being freed. */
  readonly #prepared: EngineStatement
  readonly #native: NativeStatement
  readonly #parameters: StatementParameters
  #mode: Mode = 'flat'
  #locked = false
  #names: string[] = []
  #namesOf = -1

  constructor(parts: StatementParts) {
    if (typeof parts !== 'object' || !('prepared' in parts)) {
      throw new TypeError('Statements can only be constructed by the db.prepare() method')
    }
    const { state, database, prepared, isPragma } = parts
    this.#state = state
    this.#prepared = prepared
    this.#native = nativeOf(prepared)
    this.#native.format = state.safeIntegers ? BIGINTS : NUMBERS
    this.#parameters = new StatementParameters(this.#native)
    Object.defineProperties(this, {
      reader: { value: prepared.reader || isPragma, enumerable: true },
      readonly: { value: prepared.readonly, enumerable: true },
      source: { value: prepared.source, enumerable: true },
      database: { value: database, enumerable: true },
      busy: { get: () => this.#locked, enumerable: true },
    })
  }

  run(...parameters: unknown[]): RunResult {
    const state = this.#state
    this.#requireUnlocked()
    state.requireQuiet()
    const native = this.#native
    const { sqlite, pointer } = native.database
    const before = sqlite.raw.sqlite3_total_changes(pointer)
    this.#begin(parameters)
    state.busy = true
    try {
      state.log?.(native.expandedSql)
      native.step()
      native.end()
    } catch (error) {
      native.abandon()
      throw state.failure(error)
    } finally {
      state.busy = false
    }
    const changed = sqlite.raw.sqlite3_total_changes(pointer) !== before
    const rowid = sqlite.raw.sqlite3_last_insert_rowid(pointer)
    return {
      changes: changed ? sqlite.raw.sqlite3_changes(pointer) : 0,
      lastInsertRowid: native.format === BIGINTS ? rowid : Number(rowid),
    }
  }

  get(...parameters: unknown[]): unknown {
    this.#requireReader()
    const state = this.#state
    this.#requireUnlocked()
    const native = this.#native
    this.#begin(parameters)
    state.busy = true
    try {
      state.log?.(native.expandedSql)
      const row = native.step() ? this.#firstRow() : undefined
      native.end()
      return row
    } catch (error) {
      native.abandon()
      throw state.failure(error)
    } finally {
      state.busy = false
    }
  }

  all(...parameters: unknown[]): unknown[] {
    this.#requireReader()
    const state = this.#state
    this.#requireUnlocked()
    const native = this.#native
    this.#begin(parameters)
    state.busy = true
    try {
      state.log?.(native.expandedSql)
      const rows: unknown[] = []
      if (native.step()) {
        rows.push(this.#firstRow())
        while (native.step()) rows.push(this.#row())
      }
      native.end()
      return rows
    } catch (error) {
      native.abandon()
      throw state.failure(error)
    } finally {
      state.busy = false
    }
  }

  iterate(...parameters: unknown[]): IterableIterator<unknown> {
    this.#requireReader()
    this.#requireUnlocked()
    this.#begin(parameters)
    this.#locked = true
    this.#state.iterators++
    let isFirst = true
    return new StatementIterator(this, this.#state, {
      step: () => {
        if (isFirst) this.#state.log?.(this.#native.expandedSql)
        if (!this.#native.step()) return undefined
        const value = isFirst ? this.#firstRow() : this.#row()
        isFirst = false
        return { value, done: false }
      },
      end: failed => {
        this.#locked = false
        this.#state.iterators--
        if (failed) this.#native.abandon()
        else this.#native.end()
      },
    })
  }

  bind(...parameters: unknown[]): this {
    if (this.#native.bound) {
      throw new TypeError('The bind() method can only be invoked once per statement object')
    }
    this.#state.requireIdle()
    this.#requireUnlocked()
    this.#native.bind(this.#values(parameters))
    return this
  }

  pluck(...on: [toggle?: boolean]): this {
    return this.#setMode('pluck', on)
  }

  expand(...on: [toggle?: boolean]): this {
    return this.#setMode('expand', on)
  }

  raw(...on: [toggle?: boolean]): this {
    return this.#setMode('raw', on)
  }

  safeIntegers(...on: [toggle?: boolean]): this {
    if (this.#state.busy) throw busy('database connection')
    this.#requireUnlocked()
    this.#native.format = switchArgument(on) ? BIGINTS : NUMBERS
    return this
  }

  columns(): ColumnDefinition[] {
    if (!this.reader) {
      throw new TypeError('The columns() method is only for statements that return data')
    }
    this.#state.requireIdle()
    return this.#prepared.columns()
  }

  toString(): string {
    const native = this.#native
    return native.live && native.bound ? native.expandedSql : this.source
  }

  /** For `db.explain`: runs the statement with all parameters NULL. */
  static explained(statement: Statement): unknown[] {
    statement.#native.bind(Array.from({ length: statement.#native.parameterCount }, () => null))
    return statement.all()
  }

  #setMode(mode: Mode, on: readonly unknown[]): this {
    if (!this.reader) {
      throw new TypeError(`The ${mode}() method is only for statements that return data`)
    }
    if (this.#state.busy) throw busy('database connection')
    this.#requireUnlocked()
    if (switchArgument(on)) this.#mode = mode
    else if (this.#mode === mode) this.#mode = 'flat'
    return this
  }

  #begin(parameters: readonly unknown[]): void {
    const native = this.#native
    this.#state.requireIdle()
    if (!native.live) throw closed()
    if (!native.bound) native.begin(this.#values(parameters))
    else if (parameters.length === 0) native.begin(parameters)
    else throw new TypeError('This statement already has bound parameters')
  }

  #values(parameters: readonly unknown[]): readonly unknown[] {
    const values = this.#parameters.values(parameters)
    // A getter of a named parameter may have closed the database.
    if (!this.#native.live) throw closed()
    return values
  }

  #requireReader(): void {
    if (!this.reader) {
      throw new TypeError('This statement does not return data. Use run() instead')
    }
  }

  #requireUnlocked(): void {
    if (this.#locked) throw busy('statement')
  }

  /** If the schema has changed since the last run, the first step has prepared the statement again. */
  #firstRow(): unknown {
    const count = this.#native.reprepared
    if (count !== this.#namesOf) {
      this.#names = this.#native.columnNames()
      this.#namesOf = count
    }
    return this.#row()
  }

  #row(): unknown {
    const native = this.#native
    const { sqlite } = native.database
    const { pointer: stmt, format } = native
    const names = this.#names
    const mode = this.#mode
    if (mode === 'flat') {
      const row: Record<string, SqlValue> = {}
      for (let i = 0; i < names.length; i++) row[names[i]] = columnValue(sqlite, stmt, i, format)
      return row
    }
    if (mode === 'pluck') return columnValue(sqlite, stmt, 0, format)
    if (mode === 'expand') return native.rowByTable(names)
    const row: SqlValue[] = []
    for (let i = 0; i < names.length; i++) row.push(columnValue(sqlite, stmt, i, format))
    return row
  }
}
