import { numberIn, oneOf } from '../../answer.ts'
import type { Dialect } from '../../dialect.ts'
import { backQuoted } from '../../sync-names.ts'
import { tableColumns } from '../../table-columns.ts'
import { probeMysql } from './probe.ts'
import { readingSql } from './reading.ts'
import * as tables from './tables.ts'
import { logTriggers } from './triggers.ts'
import { writingSql } from './writing.ts'

/** MySQL and MariaDB. */
export const mysql: Dialect = {
  database: 'mysql',
  ddl: {
    ...tables,
    logTriggers,
    enclosed: underLock,
    script: statements =>
      `DELIMITER $$\n${statements.map(statement => `${statement}\n$$\n`).join('')}DELIMITER ;\n`,
  },
  sql: (table, names, logName = table) => ({
    // Sets a known sql_mode: under NO_BACKSLASH_ESCAPES a client's escaping of strings would be wrong.
    session: [
      `SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00'`,
      'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
    ],
    // Galera: waits until this node has applied what the cluster committed. Otherwise a failover could read an old
    // state.
    sessionIfKnown: ['SET SESSION wsrep_sync_wait = 7'],
    reading: readingSql(table, names, logName),
    writing: writingSql(table, names),
  }),
  probe: probeMysql,
  async columns(session, table) {
    const rows = await session.rows(
      `SELECT c.column_name AS name, CAST(COALESCE(k.seq_in_index, 0) AS CHAR) AS part
FROM information_schema.columns c LEFT JOIN information_schema.statistics k
  ON k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name
  AND k.index_name = 'PRIMARY'
WHERE c.table_schema = DATABASE() AND c.table_name = ? ORDER BY c.ordinal_position`,
      [table],
    )
    return tableColumns(rows)
  },
  packetIsLimit: true,
  async packetBytes(session) {
    const rows = await session.rows('SELECT CAST(@@max_allowed_packet AS CHAR) AS bytes')
    return numberIn(oneOf(rows), 'bytes')
  },
}

/** A row written between DROP TRIGGER and CREATE TRIGGER would never be logged, so the table is locked. */
function underLock(table: string, statements: readonly string[]): string[] {
  const first = statements.findIndex(statement => statement.startsWith('DROP TRIGGER'))
  if (first < 0) return [...statements]
  return [
    ...statements.slice(0, first),
    `LOCK TABLES ${backQuoted(table)} WRITE`,
    ...statements.slice(first),
    'UNLOCK TABLES',
  ]
}
