import { withSemicolons, type Dialect } from '../../dialect.ts'
import { tableColumns } from '../../table-columns.ts'
import { probeSqlite } from './probe.ts'
import { readingSql } from './reading.ts'
import * as tables from './tables.ts'
import { logTriggers } from './triggers.ts'
import { writingSql } from './writing.ts'

export const sqlite: Dialect = {
  database: 'sqlite',
  ddl: {
    ...tables,
    logTriggers,
    enclosed: (_table, statements) => ['BEGIN IMMEDIATE', ...statements, 'COMMIT'],
    script: withSemicolons,
    hasSchemas: true,
  },
  sql: (table, names, logName = table) => ({
    // A short timeout: a wait inside SQLite would keep a writer of this process from finishing. Conflicts are
    // repeated.
    session: ['PRAGMA busy_timeout = 50', 'PRAGMA foreign_keys = ON'],
    sessionIfKnown: [],
    reading: readingSql(table, names, logName),
    writing: writingSql(table, names),
  }),
  probe: probeSqlite,
  async columns(session, table) {
    return tableColumns(
      await session.rows(
        `SELECT name, type, CAST(pk AS TEXT) AS part FROM pragma_table_info(?) ORDER BY cid`,
        [table],
      ),
    )
  },
  packetBytes: () => Promise.resolve(64 * 1024 * 1024),
}
