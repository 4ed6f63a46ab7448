import type { SyncNames } from './sync-names.ts'
import type { SyncSql } from './sync-sql.ts'
import type { ServerFacts, TableColumns, UpstreamSession } from './upstream-session.ts'

/** The schema of an upstream in one database's SQL. All statements may be run again. */
export interface UpstreamDdl {
  /** `schema` is '' or a quoted schema name with its dot, for a database that takes one. */
  controlTables(names: SyncNames, schema?: string): string[]
  seqTable(names: SyncNames, schema?: string): string
  logTable(names: SyncNames, schema?: string): string
  shadowTable(table: string, names: SyncNames, schema?: string): string[]
  logTriggers(table: string, names: SyncNames, schema?: string): string[]
  /** The statements as they are safely run: in one transaction, or under a lock. */
  enclosed(table: string, statements: readonly string[]): string[]
  /** Statements as text for the database's own shell. */
  script(statements: readonly string[]): string
  /** One connection reaches several schemas, as SQLite's attached databases are. */
  readonly hasSchemas?: boolean
}

/** What replication needs to know of one kind of database. Each is a folder of `upstreams/`. */
export interface Dialect {
  readonly database: string
  readonly ddl: UpstreamDdl
  /** `logName` is the name under which the log knows the table, where that is another one. */
  sql(table: string, names: SyncNames, logName?: string): SyncSql
  /** What prevents the tables and, if asked for, the triggers. */
  probe(session: UpstreamSession, capture: 'trigger' | 'app'): Promise<ServerFacts>
  /** Names of a table's columns, primary key first in its order; empty when there is no such table. */
  columns(session: UpstreamSession, table: string): Promise<TableColumns>
  /** Bytes that one statement may carry. */
  packetBytes(session: UpstreamSession): Promise<number>
  /** Whether a longer statement than `packetBytes` is refused, or just worth avoiding. */
  readonly packetIsLimit?: boolean
  /** Its text cannot contain U+0000: a document with such an id does not exist, and must not be asked for. */
  readonly refusesNul?: boolean
}

/** Statements for a shell that ends each with a semicolon. */
export const withSemicolons = (statements: readonly string[]): string =>
  statements.map(statement => `${statement};\n`).join('')
