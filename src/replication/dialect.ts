import type { SyncNames } from './sync-names.ts'
import type { SyncSql } from './sync-sql.ts'
import type { ServerFacts, TableColumns, UpstreamSession } from './upstream-session.ts'

/** The schema of an upstream in the SQL of one database. All statements may be run again. */
export interface UpstreamDdl {
  /** `schema` is '' or a quoted schema name with its dot, for a database with several schemas. */
  controlTables(names: SyncNames, schema?: string): string[]
  seqTable(names: SyncNames, schema?: string): string
  logTable(names: SyncNames, schema?: string): string
  shadowTable(table: string, names: SyncNames, schema?: string): string[]
  logTriggers(table: string, names: SyncNames, schema?: string): string[]
  /** The statements with what makes them safe to run: one transaction, or a lock. */
  enclosed(table: string, statements: readonly string[]): string[]
  /** Statements as text for the database's own shell. */
  script(statements: readonly string[]): string
  /** Whether one connection reaches several schemas, such as SQLite's attached databases. */
  readonly hasSchemas?: boolean
}

/** The facts that replication needs about one kind of database. Each has a folder in `upstreams/`. */
export interface Dialect {
  readonly database: string
  readonly ddl: UpstreamDdl
  /** `logName` is the name of the table in the log, if it differs. */
  sql(table: string, names: SyncNames, logName?: string): SyncSql
  /** The facts that prevent the tables and, if requested, the triggers. */
  probe(session: UpstreamSession, capture: 'trigger' | 'app'): Promise<ServerFacts>
  /** Names of a table's columns, the primary key first in its order; empty when the table does not exist. */
  columns(session: UpstreamSession, table: string): Promise<TableColumns>
  /** The maximum bytes of one statement. */
  packetBytes(session: UpstreamSession): Promise<number>
  /**
   * Whether the server refuses a statement longer than `packetBytes`. Otherwise such a statement is only worth
   * avoiding.
   */
  readonly packetIsLimit?: boolean
  /**
   * Whether text cannot contain U+0000. A document with such an id does not exist there, and a query for it would
   * fail.
   */
  readonly refusesNul?: boolean
}

/** The statements for a shell that ends each with a semicolon. */
export const withSemicolons = (statements: readonly string[]): string =>
  statements.map(statement => `${statement};\n`).join('')
