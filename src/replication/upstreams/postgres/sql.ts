import type { SyncNames } from '../../sync-names.ts'
import type { SyncSql } from '../../sync-sql.ts'
import { readingSql } from './reading.ts'
import { writingSql } from './writing.ts'

export function postgresSql(table: string, names: SyncNames): SyncSql {
  return {
    session: [`SET client_encoding = 'UTF8'`, `SET bytea_output = 'hex'`],
    sessionIfKnown: [],
    reading: readingSql(table, names),
    writing: writingSql(table, names),
  }
}
