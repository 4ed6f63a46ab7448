import { withSemicolons, type Dialect } from '../../dialect.ts'
import { doubleQuoted } from '../../sync-names.ts'
import { tableColumns } from '../../table-columns.ts'
import { probePostgres } from './probe.ts'
import { readingSql } from './reading.ts'
import * as tables from './tables.ts'
import { logTriggers } from './triggers.ts'
import { writingSql } from './writing.ts'

export const postgres: Dialect = {
  database: 'postgres',
  ddl: {
    ...tables,
    logTriggers,
    enclosed: (_table, statements) => ['BEGIN', ...statements, 'COMMIT'],
    script: withSemicolons,
  },
  sql: (table, names, logName = table) => ({
    session: [`SET client_encoding = 'UTF8'`, `SET bytea_output = 'hex'`],
    sessionIfKnown: [],
    reading: readingSql(table, names, logName),
    writing: writingSql(table, names),
  }),
  probe: probePostgres,
  async columns(session, table) {
    const rows = await session.rows(
      `SELECT a.attname::text AS name, (coalesce(array_position(i.indkey::int2[], a.attnum), -1) + 1)::text AS part
FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
      [doubleQuoted(table)],
    )
    return tableColumns(rows)
  },
  refusesNul: true,
  packetBytes: () => Promise.resolve(64 * 1024 * 1024),
}
