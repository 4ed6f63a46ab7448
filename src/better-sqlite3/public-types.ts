import type { BackupMetadata, BackupOptions } from './backup.ts'
import type { DatabaseFacts } from './database-facts.ts'
import type { AggregateOptions, RegistrationOptions } from './functions.ts'
import type { DatabaseOptions } from './open-database.ts'
import type { SqliteError } from './sqlite-error.ts'
import type { ColumnDefinition, RunResult } from './statement.ts'
import type { Transaction } from './transaction.ts'

/*
 * What TypeScript sees: the types of @types/better-sqlite3, which a database of ours can be passed for. The classes
 * check at run time what these promise.
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
  /** It returns rows. */
  readonly reader: boolean
  /** It does not write. */
  readonly readonly: boolean
  readonly source: string
  readonly database: Database
  /** An iterator of it is not finished. */
  readonly busy: boolean
  /** Runs it; of rows that it returns, none is given. */
  run(...parameters: Bind): RunResult
  /** The first row; undefined when there is none. */
  get(...parameters: Bind): Result | undefined
  /** All rows. */
  all(...parameters: Bind): Result[]
  /** Rows one by one. Until the last one, or the end of the loop, nothing can be written. */
  iterate(...parameters: Bind): IterableIterator<Result>
  /** Binds parameters for good. */
  bind(...parameters: Bind): this
  /** Rows as their first column alone. */
  pluck(toggle?: boolean): this
  /** Rows as an object for each table, by its name. */
  expand(toggle?: boolean): this
  /** Rows as arrays. */
  raw(toggle?: boolean): this
  /** Every INTEGER as bigint. */
  safeIntegers(toggle?: boolean): this
  /** What the columns of a row are. */
  columns(): ColumnDefinition[]
  /** The SQL text, with the values that `bind` bound in it. */
  toString(): string
}

/** The definition of a virtual table: the rows of a generator. */
export interface VirtualTableOptions {
  columns: string[]
  rows: (...parameters: any[]) => Iterable<unknown> // oxlint-disable-line typescript/no-explicit-any -- the caller knows what SQL passes
  parameters?: string[] | undefined
  safeIntegers?: boolean | undefined
  directOnly?: boolean | undefined
}

/** A database, as better-sqlite3 has it. */
export interface Database extends DatabaseFacts {
  prepare<Bind extends BindParameters = unknown[], Result = unknown>(
    sql: string,
  ): Bind extends unknown[] ? Statement<Bind, Result> : Statement<[Bind], Result>
  transaction<F extends (...args: any[]) => unknown>(fn: F): Transaction<F> // oxlint-disable-line typescript/no-explicit-any -- as in @types/better-sqlite3
  /** Rows of `PRAGMA source`; with `simple` the first column of the first one. */
  pragma(source: string, options?: { simple?: boolean | undefined } | null): unknown
  /** The program of a statement, or with `QUERY PLAN` before it its plan. */
  explain(source: string): unknown[]
  /** Runs every statement of a text. */
  exec(source: string): this
  /** Copies the database into a file, page by page, while both are in use. */
  backup(filename: string, options?: BackupOptions | null): Promise<BackupMetadata>
  /** The bytes of the database as its file would hold them. */
  serialize(options?: { attached?: string | undefined } | null): Buffer
  function(name: string, fn: (...args: any[]) => unknown): this // oxlint-disable-line typescript/no-explicit-any -- the caller knows what SQL passes
  function(
    name: string,
    options: RegistrationOptions | null | undefined,
    fn: (...args: any[]) => unknown, // oxlint-disable-line typescript/no-explicit-any -- the same
  ): this
  aggregate(name: string, options: AggregateOptions): this
  /** A virtual table of a generator, or a module of a function that gives definitions of tables. */
  table(
    name: string,
    factory: VirtualTableOptions | ((...args: string[]) => VirtualTableOptions),
  ): this
  /** sqlite-vec is let pass, as its functions are there; every other extension is refused. */
  loadExtension(path: string, entryPoint?: string): this
  close(): this
  defaultSafeIntegers(toggle?: boolean): this
  /** Allows to write while rows are iterated, and to write to the schema itself. */
  unsafeMode(unsafe?: boolean): this
}

/** The class Database, which makes a database without `new` as well. */
export interface DatabaseConstructor {
  new (filename?: string | Buffer | null, options?: DatabaseOptions | null): Database
  (filename?: string | Buffer | null, options?: DatabaseOptions | null): Database
  readonly prototype: Database
  readonly SqliteError: typeof SqliteError
}
