export type UpstreamValue = string | number | bigint | null | Uint8Array

/** Columns by name: text, bytes or NULL. A driver may return small integers as numbers. */
export type UpstreamRow = Readonly<Record<string, unknown>>

/**
 * One connection. Each statement has a deadline. When it passes, the connection is destroyed and the statement fails.
 */
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

/** The features and permissions of a server. */
export interface ServerFacts {
  readonly product: string
  readonly version: string
  readonly problems: readonly ServerProblem[]
  readonly remarks: readonly ServerProblem[]
}

/** A fact that prevents replication, with what to change. */
export interface ServerProblem {
  readonly what: string
  readonly change: string
}

export interface TableColumns {
  readonly columns: readonly string[]
  readonly key: readonly string[]
  /** The declared types by name; those that only SQLite has. */
  readonly types: Readonly<Record<string, string>>
}
