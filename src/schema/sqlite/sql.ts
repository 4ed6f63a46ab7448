import type { SyncNames } from '../sync-names.ts'
import type { SyncSql } from '../sync-sql.ts'
import { readingSql } from './reading.ts'
import { writingSql } from './writing.ts'

export function sqliteSql(table: string, names: SyncNames): SyncSql {
  return {
    session: ['PRAGMA busy_timeout = 5000', 'PRAGMA foreign_keys = ON'],
    sessionIfKnown: [],
    reading: readingSql(table, names),
    writing: writingSql(table, names),
  }
}
