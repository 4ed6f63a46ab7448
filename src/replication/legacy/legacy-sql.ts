import type { SyncNames } from '../sync-names.ts'
import type { ReadingSql } from '../sync-sql.ts'

/** Reading a log that the original's triggers write. */
export interface LegacySql {
  reading(table: string, names: SyncNames, log: LegacyLog): ReadingSql
  /** [] -> body: the triggers of a shadow table. */
  triggers(table: string): string
  /** [] -> shadow_table: under which names the log knows tables. */
  logNames(names: SyncNames): string
  /** [] -> dataset_id: datasets that this database takes for one and SQLite for several. */
  readonly colliding: ((names: SyncNames) => string) | undefined
}

export interface LegacyLog {
  /** The name that the log gives the table. */
  readonly name: string
  readonly hasCreatedAt: boolean
}
