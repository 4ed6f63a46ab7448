import type { SyncNames } from '../../replication/sync-names.ts'
import type { ReadingSql } from '../../replication/sync-sql.ts'

/** How the log of one database is read if the original's triggers write it. */
export interface LegacyLog {
  /** The statements that differ from those that read our log. */
  reading(names: SyncNames, log: LogTable): LegacyReading
  /** [] -> body: the triggers of a shadow table. */
  triggers(table: string): string
  /** [] -> shadow_table: the names of tables in the log. */
  logNames(names: SyncNames): string
  /**
   * [] -> datasets: a row of quoted names for each set of datasets that this database takes for one and SQLite does
   * not.
   */
  readonly colliding?: (names: SyncNames) => string
}

type LegacyReading = Pick<ReadingSql, 'heads' | 'head' | 'sizes'> &
  Partial<Pick<ReadingSql, 'payloads'>>

export interface LogTable {
  /** The name of the shadow table in the log. */
  readonly name: string
  readonly hasCreatedAt: boolean
}
