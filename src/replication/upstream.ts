import type { LegacySql } from './legacy/legacy-sql.ts'
import type { Database, SyncNames } from './sync-names.ts'
import type { SyncSql } from './sync-sql.ts'

export type UpstreamValue = string | number | bigint | null | Uint8Array

/** Columns by name: text, bytes or NULL; a driver may give small integers as numbers. */
export type UpstreamRow = Readonly<Record<string, unknown>>

/** One connection. Each statement has a deadline; when it passes, the connection is destroyed and the statement fails. */
export interface UpstreamSession {
  rows(
    sql: string,
    parameters?: readonly UpstreamValue[],
    deadline?: number,
  ): Promise<UpstreamRow[]>
  /** The number of rows written. */
  run(sql: string, parameters?: readonly UpstreamValue[], deadline?: number): Promise<number>
  close(): Promise<void>
  destroy(): void
}

/** What a server has and permits. */
export interface ServerFacts {
  readonly product: string
  readonly version: string
  readonly problems: readonly ServerProblem[]
  readonly remarks: readonly ServerProblem[]
}

/** A fact that stands in the way, with what to change. */
export interface ServerProblem {
  readonly what: string
  readonly change: string
}

/** A database that documents are replicated from, reached through a driver that the user hands in. */
export interface Upstream {
  readonly database: Database
  /** For messages: no credentials. */
  readonly description: string
  /** Milliseconds a statement may take unless it says otherwise. */
  readonly deadline: number
  sql(table: string, names: SyncNames): SyncSql
  /** A new connection each time. */
  connect(): Promise<UpstreamSession>
  /** What stands in the way of the tables and, if asked for, of triggers. */
  probe(session: UpstreamSession, capture: 'trigger' | 'app'): Promise<ServerFacts>
  /** Names of a table's columns, primary key first in its order; empty when there is no such table. */
  columns(session: UpstreamSession, table: string): Promise<TableColumns>
  /** Runs DDL as safely as the database can: under a lock, or in one transaction. */
  runDdl(session: UpstreamSession, table: string, statements: readonly string[]): Promise<void>
  /** Bytes that one statement may carry. */
  packetBytes(session: UpstreamSession): Promise<number>
  /** Whether a longer statement than `packetBytes` is refused, or just worth avoiding. */
  readonly packetIsLimit?: boolean
  /** Its text has no U+0000: a document whose id has one is not there, and must not be asked for. */
  readonly refusesNul?: boolean
  /** How to read the original's log, where the original has one. */
  readonly legacy?: LegacySql
  /** The file behind the connection, where there is one. */
  readonly file?: (session: UpstreamSession) => Promise<string | undefined>
}

export interface TableColumns {
  readonly columns: readonly string[]
  readonly key: readonly string[]
}

export interface UpstreamOptions {
  /** Milliseconds a statement, or connecting, may take; 30,000 unless said otherwise. */
  readonly deadline?: number
  /** What messages call the upstream. */
  readonly description?: string
}
