import { copyShort } from '../../core/copy-short.ts'
import type { IdList } from '../../core/id-list.ts'
import type { Utf8 } from '../../core/utf8.ts'
import type { BindValue, SqlValue } from '../../database/values.ts'
import type { Connection } from '../connection.ts'
import type { SqlFunction } from '../functions.ts'
import { writeResult } from '../wasm/values.ts'
import { SQLITE_TRANSIENT, type Pointer, type Sqlite } from '../wasm/wasm.ts'
import type { IndexInfo, Plan } from './index-info.ts'

/** A virtual table module: creates tables. The message of a thrown error becomes the SQL error, word for word. */
export interface VirtualTableModule {
  /** Runs for CREATE VIRTUAL TABLE. Absent: the table exists only under the module's name (eponymous only). */
  create?(context: TableContext): VirtualTable
  /** Runs when this connection uses an existing table for the first time. */
  connect(context: TableContext): VirtualTable
  /** `create` is the same as `connect`: the table is also usable under the module's own name, without CREATE. */
  readonly eponymous?: boolean
  /** No table of the module has `update`: SQLite itself refuses to write them. */
  readonly readOnly?: boolean
  /**
   * SQL functions of two arguments. Where the first argument is a column of the table, the call reaches `bestIndex`
   * as a constraint with the operator `OP.FUNCTION`. Everywhere else SQLite calls the function.
   */
  readonly functions?: Readonly<Record<string, SqlFunction>>
}

export interface TableContext {
  readonly db: Connection
  /** Schema and name of the table. */
  readonly schema: string
  readonly table: string
  /** The texts between the parentheses of USING module(...), as written. */
  readonly args: readonly string[]
}

export type TableRisk = 'innocuous' | 'direct-only'

export interface VirtualTable {
  /** The columns, as a CREATE TABLE statement. */
  readonly declaration: string
  /**
   * `innocuous`: the table reaches only the file it is in. It may be used in views and triggers even with `PRAGMA
   * trusted_schema = OFF`. `direct-only`: always refused there. Absent, as SQLite's default: refused when the schema
   * is not trusted.
   */
  readonly risk?: TableRisk | undefined
  /** Columns of TEXT affinity. A REAL written to one comes as its text. */
  readonly textColumns?: ReadonlySet<number>
  /** Chooses a plan. Undefined: the table cannot answer with these constraints, so SQLite tries others. */
  bestIndex(info: IndexInfo): Plan | undefined
  open(): VirtualCursor
  /** Runs when a transaction is about to write the table for the first time. */
  begin?(): void
  /**
   * Runs for INSERT, UPDATE and DELETE. Absent: the table is read-only. Returns the rowid of an inserted row. An
   * error with the code SQLITE_CONSTRAINT is left to the statement's ON CONFLICT, and promises that no row was
   * written.
   */
  update?(change: RowChange): bigint | number
  /** Runs for ALTER TABLE RENAME. */
  rename?(name: string): void
  /** Runs when the connection releases the table. */
  disconnect?(): void
  /** Runs for DROP TABLE. */
  destroy?(): void
}

/** A value to be written. TEXT that is not UTF-8 comes as its bytes, so that it is stored unchanged. */
export type WrittenValue = SqlValue | Utf8

/** The statement's rule for conflicting rows: INSERT OR ..., UPDATE OR .... */
export type OnConflict = 'rollback' | 'ignore' | 'fail' | 'abort' | 'replace'

type SubtypeOf = (this: void, place: number) => number

export interface RowInsert {
  readonly kind: 'insert'
  readonly rowid: SqlValue
  readonly values: readonly WrittenValue[]
  /** The subtype of a value, while the row is written. */
  readonly subtype: SubtypeOf
  readonly onConflict: OnConflict
}

export interface RowUpdate {
  readonly kind: 'update'
  readonly rowid: SqlValue
  readonly newRowid: SqlValue
  /**
   * The values of the row. A column that the statement does not set is `unchanged`, if the cursor skipped it for
   * `ResultWriter.unwanted`.
   */
  readonly values: readonly (WrittenValue | typeof UNCHANGED)[]
  readonly subtype: SubtypeOf
  readonly onConflict: OnConflict
}

export interface RowDelete {
  readonly kind: 'delete'
  readonly rowid: SqlValue
}

export type RowChange = RowInsert | RowUpdate | RowDelete

export const UNCHANGED: unique symbol = Symbol('unchanged')

/** The right-hand side of a plan's term. TEXT comes as its bytes, which need not be UTF-8. */
export type TermValue = null | number | bigint | Utf8 | Uint8Array

export interface VirtualCursor {
  /**
   * Begins to read. `plan` is the result of bestIndex. `values` has one value for each of its terms. A term that
   * takes a list has all values of the list, each once, in the affinity of the comparison.
   * `texts` has the texts of each term that asked for them, which `values` then lacks.
   */
  filter(
    plan: Plan,
    values: readonly (readonly TermValue[])[],
    texts?: readonly (IdList | undefined)[],
  ): void
  next(): void
  readonly eof: boolean
  column(result: ResultWriter, column: number): void
  rowid(): bigint
  close?(): void
}

const someColumn = (): string => 'a column of a virtual table'

/** The writer through which a cursor returns a column. */
export class ResultWriter {
  readonly #sqlite: Sqlite
  context: Pointer = 0

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
  }

  /** True if an UPDATE does not set this column. A cursor that then writes no value makes it UNCHANGED. */
  get unwanted(): boolean {
    return this.#sqlite.raw.sqlite3_vtab_nochange(this.context) !== 0
  }

  /** `where` names the value in an error. */
  value(value: BindValue, where: () => string = someColumn): void {
    writeResult(this.#sqlite, this.context, value, where)
  }

  /** Sets the subtype of the written value, for functions that read subtypes. */
  subtype(subtype: number): void {
    this.#sqlite.raw.sqlite3_result_subtype(this.context, subtype)
  }

  double(value: number): void {
    this.#sqlite.raw.sqlite3_result_double(this.context, value)
  }

  /** Writes text given as UTF-8. */
  utf8(bytes: Uint8Array): void {
    const p = this.#sqlite.scratch(bytes.length)
    copyShort(bytes, 0, bytes.length, this.#sqlite.u8, p)
    this.#sqlite.raw.sqlite3_result_text(this.context, p, bytes.length, SQLITE_TRANSIENT)
  }
}
