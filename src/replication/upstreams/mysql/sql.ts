import type { SyncNames } from '../../sync-names.ts'
import type { SyncSql } from '../../sync-sql.ts'
import { readingSql } from './reading.ts'
import { writingSql } from './writing.ts'

export function mysqlSql(table: string, names: SyncNames): SyncSql {
  return {
    // A known sql_mode: under NO_BACKSLASH_ESCAPES a client's escaping of strings would be wrong.
    session: [
      `SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00'`,
      'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
    ],
    // Galera: wait until this node has applied what the cluster committed; else a failover could read the past.
    sessionIfKnown: ['SET SESSION wsrep_sync_wait = 7'],
    reading: readingSql(table, names),
    writing: writingSql(table, names),
  }
}
