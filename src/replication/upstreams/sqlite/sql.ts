import type { SyncNames } from '../../sync-names.ts'
import type { SyncSql } from '../../sync-sql.ts'
import { readingSql } from './reading.ts'
import { writingSql } from './writing.ts'

export function sqliteSql(table: string, names: SyncNames): SyncSql {
  return {
    // Short: a wait inside SQLite would keep a writer of this very process from finishing. Conflicts are repeated.
    session: ['PRAGMA busy_timeout = 50', 'PRAGMA foreign_keys = ON'],
    sessionIfKnown: [],
    reading: readingSql(table, names),
    writing: writingSql(table, names),
  }
}
