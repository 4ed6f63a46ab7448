// Writes db/schema: `node dist/test/sync/render-schema.js`. A test holds the files equal to src/replication.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { replicaDDL, upstreamScript } from '../../src/entries/vecsync.ts'

export function renderedSchema(): Map<string, string> {
  const table = 'shadow_vec_docs'
  return new Map([
    [
      'db/schema/mysql/schema.ddl',
      `-- Upstream, MariaDB 10.6+ and MySQL 8.0.17+. Re-runnable: mariadb yourdb < schema.ddl\n${upstreamScript(table, { database: 'mysql' })}`,
    ],
    [
      'db/schema/postgres/schema.ddl',
      `-- Upstream, PostgreSQL 14+. Re-runnable: psql -v ON_ERROR_STOP=1 -f schema.ddl\n${upstreamScript(table, { database: 'postgres' })}`,
    ],
    [
      'db/schema/sqlite/schema.ddl',
      `-- Upstream, SQLite 3.38+. Re-runnable: sqlite3 upstream.db < schema.ddl\n${upstreamScript(table)}`,
    ],
    [
      'db/schema/sqlite/replica.ddl',
      `-- Replica. Made by the replicator itself; here to be read.\n${replicaDDL(table)
        .map(statement => `${statement};\n`)
        .join('')}`,
    ],
  ])
}

if (process.argv[1]?.endsWith('render-schema.js')) {
  for (const [file, text] of renderedSchema()) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
}
