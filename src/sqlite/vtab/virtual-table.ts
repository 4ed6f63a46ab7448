import type { Utf8 } from '../../core/utf8.ts'
import type { BindValue, SqlValue } from '../../database/values.ts'
import type { Connection } from '../connection.ts'
import { SQLITE_OK } from '../result-codes.ts'
import { readValue, writeResult } from '../wasm/values.ts'
import {
  SQLITE_BLOB,
  SQLITE_NULL,
  SQLITE_TRANSIENT,
  type Pointer,
  type Sqlite,
} from '../wasm/wasm.ts'
import type { IndexInfo } from './index-info.ts'

/** A virtual table module: makes tables. Everything it throws becomes the SQL error, word for word. */
export interface VirtualTableModule {
  /** CREATE VIRTUAL TABLE. Absent: the table exists under the module's name alone (eponymous only). */
  create?(context: TableContext): VirtualTable
  /** An existing table is used for the first time on this connection. */
  connect(context: TableContext): VirtualTable
  /** `create` is the same as `connect`: usable under the module's own name without CREATE, too. */
  readonly eponymous?: boolean
  /** No table of it has `update`: SQLite itself refuses to write them. */
  readonly readOnly?: boolean
}

export interface TableContext {
  readonly db: Connection
  /** Schema and name of the table. */
  readonly schema: string
  readonly table: string
  /** The texts between the brackets of USING module(...), as written. */
  readonly args: readonly string[]
}

export type TableRisk = 'innocuous' | 'direct-only'

export interface VirtualTable {
  /** The columns, as a CREATE TABLE statement. */
  readonly declaration: string
  /**
   * `innocuous`: it reaches nothing but the file it lies in, and may be used in views and triggers even with
   * `PRAGMA trusted_schema = OFF`. `direct-only`: refused there in any case. Absent: as SQLite's default, refused when the
   * schema is not trusted.
   */
  readonly risk?: TableRisk | undefined
  /** Chooses a plan. Returning false says: these constraints cannot be answered, ask with others. */
  bestIndex(info: IndexInfo): boolean
  open(): VirtualCursor
  /** A transaction is about to write the table for the first time. */
  begin?(): void
  /**
   * INSERT, UPDATE, DELETE. Absent: the table is read-only. Returns the rowid of an inserted row. An error with the code
   * SQLITE_CONSTRAINT is left to the statement's ON CONFLICT, and promises that nothing was written.
   */
  update?(change: RowChange): bigint | number
  /** ALTER TABLE RENAME. */
  rename?(name: string): void
  /** The connection lets go of the table. */
  disconnect?(): void
  /** DROP TABLE. */
  destroy?(): void
}

/** A value to be written. TEXT that is no UTF-8 comes as its bytes, so that it is stored as it was. */
export type WrittenValue = SqlValue | Utf8

/** What the statement says of rows that are in the way: INSERT OR ..., UPDATE OR .... */
export type OnConflict = 'rollback' | 'ignore' | 'fail' | 'abort' | 'replace'

export interface RowInsert {
  readonly kind: 'insert'
  readonly rowid: SqlValue
  readonly values: readonly WrittenValue[]
  readonly onConflict: OnConflict
}

export interface RowUpdate {
  readonly kind: 'update'
  readonly rowid: SqlValue
  readonly newRowid: SqlValue
  /** A column that the statement does not set is `unchanged`, if the cursor left it out for `ResultWriter.unwanted`. */
  readonly values: readonly (WrittenValue | typeof UNCHANGED)[]
  readonly onConflict: OnConflict
}

export interface RowDelete {
  readonly kind: 'delete'
  readonly rowid: SqlValue
}

export type RowChange = RowInsert | RowUpdate | RowDelete

export const UNCHANGED: unique symbol = Symbol('unchanged')

export interface VirtualCursor {
  filter(plan: number, detail: string, args: FilterArguments): void
  next(): void
  readonly eof: boolean
  column(result: ResultWriter, column: number): void
  rowid(): bigint
  close?(): void
}

/** The right-hand sides that bestIndex asked for. */
export class FilterArguments {
  readonly count: number
  readonly #sqlite: Sqlite
  readonly #argv: Pointer

  constructor(sqlite: Sqlite, count: number, argv: Pointer) {
    this.#sqlite = sqlite
    this.count = count
    this.#argv = argv
  }

  value(i: number): SqlValue {
    return readValue(this.#sqlite, this.#sqlite.peek32(this.#argv + 4 * i))
  }

  /** The subtype of a value that a function gave; 0 is none. */
  subtype(i: number): number {
    return this.#sqlite.raw.sqlite3_value_subtype(this.#sqlite.peek32(this.#argv + 4 * i))
  }

  /** All values of an IN that bestIndex took as a whole. */
  list(i: number): SqlValue[] {
    const values: SqlValue[] = []
    this.#eachOf(i, value => values.push(readValue(this.#sqlite, value)))
    return values
  }

  /** A value as a TEXT column compares it: its bytes; undefined for NULL and BLOB, which equal no text. */
  utf8(i: number): Uint8Array | undefined {
    return this.#utf8(this.#sqlite.peek32(this.#argv + 4 * i))
  }

  /** The same for all values of an IN. SQLite gives each once, in the affinity of the comparison. */
  utf8List(i: number): Uint8Array[] {
    const texts: Uint8Array[] = []
    this.#eachOf(i, value => {
      const text = this.#utf8(value)
      if (text) texts.push(text)
    })
    return texts
  }

  #eachOf(i: number, visit: (value: Pointer) => void): void {
    const { raw } = this.#sqlite
    const out = this.#sqlite.alloc(4)
    try {
      const list = this.#sqlite.peek32(this.#argv + 4 * i)
      let code = raw.sqlite3_vtab_in_first(list, out)
      while (code === SQLITE_OK) {
        visit(this.#sqlite.peek32(out))
        code = raw.sqlite3_vtab_in_next(list, out)
      }
    } finally {
      this.#sqlite.free(out)
    }
  }

  #utf8(value: Pointer): Uint8Array | undefined {
    const { raw } = this.#sqlite
    const type = raw.sqlite3_value_type(value)
    if (type === SQLITE_NULL || type === SQLITE_BLOB) return undefined
    const p = raw.sqlite3_value_text(value)
    return this.#sqlite.copyBytes(p, raw.sqlite3_value_bytes(value))
  }
}

const someColumn = (): string => 'a column of a virtual table'

/** Where a cursor writes a column. */
export class ResultWriter {
  readonly #sqlite: Sqlite
  context: Pointer = 0

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
  }

  /** An UPDATE does not set this column: a cursor that writes nothing makes it UNCHANGED. */
  get unwanted(): boolean {
    return this.#sqlite.raw.sqlite3_vtab_nochange(this.context) !== 0
  }

  /** `where` names the value in an error. */
  value(value: BindValue, where: () => string = someColumn): void {
    writeResult(this.#sqlite, this.context, value, where)
  }

  double(value: number): void {
    this.#sqlite.raw.sqlite3_result_double(this.context, value)
  }

  /** Text given as UTF-8. */
  utf8(bytes: Uint8Array): void {
    const p = this.#sqlite.scratch(bytes.length)
    this.#sqlite.u8.set(bytes, p)
    this.#sqlite.raw.sqlite3_result_text(this.context, p, bytes.length, SQLITE_TRANSIENT)
  }
}
