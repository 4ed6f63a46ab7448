import type { SyncNames } from '../../replication/sync-names.ts'
import type { ReadingSql } from '../../replication/sync-sql.ts'

/** How one database's log is read where the original's triggers write it. */
export interface LegacyLog {
  /** The statements that differ from those that read our log. */
  reading(names: SyncNames, log: LogTable): LegacyReading
  /** [] -> body: the triggers of a shadow table. */
  triggers(table: string): string
  /** [] -> shadow_table: under which names the log knows tables. */
  logNames(names: SyncNames): string
  /** [] -> datasets: a row of quoted names for each set of datasets that this database takes for one and SQLite does not. */
  readonly colliding?: (names: SyncNames) => string
}

type LegacyReading = Pick<ReadingSql, 'heads' | 'head' | 'sizes'> &
  Partial<Pick<ReadingSql, 'payloads'>>

export interface LogTable {
  /** The name that the log gives the shadow table. */
  readonly name: string
  readonly hasCreatedAt: boolean
}
