import type { Utf8 } from '../../core/utf8.ts'
import type { BindValue, SqlValue } from '../../database/values.ts'
import type { Connection } from '../connection.ts'
import type { SqlFunction } from '../functions.ts'
import { writeResult } from '../wasm/values.ts'
import { SQLITE_TRANSIENT, type Pointer, type Sqlite } from '../wasm/wasm.ts'
import type { IndexInfo, Plan } from './index-info.ts'

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
  /**
   * SQL functions of two arguments that reach `bestIndex` as a constraint of the operator `OP.FUNCTION` where the first
   * argument is a column of the table; everywhere else SQLite calls them.
   */
  readonly functions?: Readonly<Record<string, SqlFunction>>
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
  /** Columns of TEXT affinity, for which a REAL that is written comes as its text. */
  readonly textColumns?: ReadonlySet<number>
  /** Chooses a plan. Undefined says: these constraints cannot be answered, ask with others. */
  bestIndex(info: IndexInfo): Plan | undefined
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

/** A value to be written. TEXT that is not UTF-8 comes as its bytes, so that it is stored as it was. */
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

/** A right-hand side of a plan's term. TEXT comes as its bytes, which need not be UTF-8. */
export type TermValue = null | number | bigint | Utf8 | Uint8Array

export interface VirtualCursor {
  /**
   * Begins to read. `plan` is what bestIndex returned; `values` are those of its terms, one for each but for a term that
   * takes a list: SQLite gives each value of that once, in the affinity of the comparison.
   */
  filter(plan: Plan, values: readonly (readonly TermValue[])[]): void
  next(): void
  readonly eof: boolean
  column(result: ResultWriter, column: number): void
  rowid(): bigint
  close?(): void
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

  /** Marks the value that was written, for functions that read subtypes. */
  subtype(subtype: number): void {
    this.#sqlite.raw.sqlite3_result_subtype(this.context, subtype)
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
