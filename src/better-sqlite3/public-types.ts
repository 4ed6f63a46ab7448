import type { BackupMetadata, BackupOptions } from './backup.ts'
import type { DatabaseFacts } from './database-facts.ts'
import type { AggregateOptions, RegistrationOptions } from './functions.ts'
import type { DatabaseOptions } from './open-database.ts'
import type { SqliteError } from './sqlite-error.ts'
import type { ColumnDefinition, RunResult } from './statement.ts'
import type { Transaction } from './transaction.ts'

/*
 * The types that TypeScript sees: those of @types/better-sqlite3, so that our database can be passed where they are
 * expected. The classes check at run time what these types promise.
 */

/** A list of parameters, or one object of named ones. */
export type BindParameters = unknown[] | {}

/**
 * A prepared statement. `Bind` is what its parameters are, `Result` what a row is.
 *
 * @example
 * const byId = db.prepare<[number], { name: string }>('SELECT name FROM item WHERE id = ?')
 * const name = byId.get(7)?.name
 */
export interface Statement<Bind extends unknown[] = unknown[], Result = unknown> {
  /** Whether the statement returns rows. */
  readonly reader: boolean
  /** Whether the statement does not write. */
  readonly readonly: boolean
  readonly source: string
  readonly database: Database
  /** Whether an iterator of the statement is unfinished. */
  readonly busy: boolean
  /** Runs the statement. Rows that it returns are discarded. */
  run(...parameters: Bind): RunResult
  /** The first row; undefined if there is none. */
  get(...parameters: Bind): Result | undefined
  /** All rows. */
  all(...parameters: Bind): Result[]
  /** Rows one by one. Until the last row, or the end of the loop, writes are refused. */
  iterate(...parameters: Bind): IterableIterator<Result>
  /** Binds parameters permanently. */
  bind(...parameters: Bind): this
  /** Returns only the first column of each row. */
  pluck(toggle?: boolean): this
  /** Returns each row as an object for each table, by its name. */
  expand(toggle?: boolean): this
  /** Returns each row as an array. */
  raw(toggle?: boolean): this
  /** Returns every INTEGER as bigint. */
  safeIntegers(toggle?: boolean): this
  /** The columns of a row. */
  columns(): ColumnDefinition[]
  /** The SQL text, with the values from `bind` in it. */
  toString(): string
}

/** The definition of a virtual table whose rows a generator returns. */
export interface VirtualTableOptions {
  columns: string[]
  rows: (...parameters: any[]) => Iterable<unknown> // oxlint-disable-line typescript/no-explicit-any -- the caller knows what SQL passes
  parameters?: string[] | undefined
  safeIntegers?: boolean | undefined
  directOnly?: boolean | undefined
}

/** A database with the interface of better-sqlite3. */
export interface Database extends DatabaseFacts {
  prepare<Bind extends BindParameters = unknown[], Result = unknown>(
    sql: string,
  ): Bind extends unknown[] ? Statement<Bind, Result> : Statement<[Bind], Result>
  transaction<F extends (...args: any[]) => unknown>(fn: F): Transaction<F> // oxlint-disable-line typescript/no-explicit-any -- as in @types/better-sqlite3
  /** The rows of `PRAGMA source`; with `simple`, the first column of the first row. */
  pragma(source: string, options?: { simple?: boolean | undefined } | null): unknown
  /** The program of a statement, or its plan if the text begins with `QUERY PLAN`. */
  explain(source: string): unknown[]
  /** Runs every statement of the text. */
  exec(source: string): this
  /** Copies the database into a file, page by page, while both are in use. */
  backup(filename: string, options?: BackupOptions | null): Promise<BackupMetadata>
  /** The bytes of the database, as its file would contain them. */
  serialize(options?: { attached?: string | undefined } | null): Buffer
  function(name: string, fn: (...args: any[]) => unknown): this // oxlint-disable-line typescript/no-explicit-any -- the caller knows what SQL passes
  function(
    name: string,
    options: RegistrationOptions | null | undefined,
    fn: (...args: any[]) => unknown, // oxlint-disable-line typescript/no-explicit-any -- the same
  ): this
  aggregate(name: string, options: AggregateOptions): this
  /** Defines a virtual table by a generator, or a module by a function that returns definitions of tables. */
  table(
    name: string,
    factory: VirtualTableOptions | ((...args: string[]) => VirtualTableOptions),
  ): this
  /** Accepts sqlite-vec, whose functions are built in. Every other extension is refused. */
  loadExtension(path: string, entryPoint?: string): this
  close(): this
  defaultSafeIntegers(toggle?: boolean): this
  /** Allows writes while rows are iterated, and writes to the schema itself. */
  unsafeMode(unsafe?: boolean): this
}

/** The class Database, which can also be called without `new`. */
export interface DatabaseConstructor {
  new (filename?: string | Buffer | null, options?: DatabaseOptions | null): Database
  (filename?: string | Buffer | null, options?: DatabaseOptions | null): Database
  readonly prototype: Database
  readonly SqliteError: typeof SqliteError
}
