import { shadowTableBody } from '../../../search/schema/table-schema.ts'
import { doubleQuoted as q, PROTOCOL, type SyncNames } from '../../sync-names.ts'

/** Microseconds since 1970. SQLite's clock has milliseconds. */
export const NOW = `CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)`

/** `schema` is '' or a quoted schema name with its dot, for an attached database. */
export function controlTables(names: SyncNames, schema = ''): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${schema}${q(names.upstream)} (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  upstream_id TEXT NOT NULL,
  protocol INTEGER NOT NULL
)`,
    `INSERT INTO ${schema}${q(names.upstream)} (id, upstream_id, protocol)
  SELECT 1, lower(hex(randomblob(16))), ${PROTOCOL} WHERE NOT EXISTS (SELECT 1 FROM ${schema}${q(names.upstream)})`,
    `CREATE TABLE IF NOT EXISTS ${schema}${q(names.dataset)} (
  dataset_id TEXT PRIMARY KEY NOT NULL,
  description TEXT,
  source_uri TEXT,
  epoch TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))),
  deleted_at INTEGER,
  created_at INTEGER NOT NULL DEFAULT (${NOW})
)`,
    seqTable(names, schema),
    logTable(names, schema),
    `CREATE TABLE IF NOT EXISTS ${schema}${q(names.replica)} (
  replica_id TEXT NOT NULL,
  dataset_id TEXT NOT NULL,
  shadow_table TEXT NOT NULL,
  acked_scn INTEGER NOT NULL DEFAULT 0,
  seen_at INTEGER NOT NULL DEFAULT (${NOW}),
  PRIMARY KEY (replica_id, dataset_id, shadow_table)
)`,
    `CREATE TABLE IF NOT EXISTS ${schema}${q(names.request)} (
  request_id TEXT PRIMARY KEY NOT NULL,
  dataset_id TEXT NOT NULL,
  shadow_table TEXT NOT NULL,
  last_scn INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL DEFAULT (${NOW})
)`,
    `DROP VIEW IF EXISTS ${schema}${q(names.lastScn)}`,
    `CREATE VIEW ${schema}${q(names.lastScn)} AS
SELECT d.dataset_id, d.description, d.source_uri, d.created_at,
  COALESCE((SELECT max(s.last_scn) FROM ${q(names.counter)} s WHERE s.dataset_id = d.dataset_id), 0) AS last_scn
FROM ${q(names.dataset)} d WHERE d.deleted_at IS NULL`,
  ]
}

/** One counter per (dataset, shadow table). Without a foreign key, since it outlives the dataset and is never reset. */
export function seqTable(names: SyncNames, schema = ''): string {
  return `CREATE TABLE IF NOT EXISTS ${schema}${q(names.counter)} (
  dataset_id TEXT NOT NULL,
  shadow_table TEXT NOT NULL,
  last_scn INTEGER NOT NULL DEFAULT 0,
  pruned_scn INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (dataset_id, shadow_table)
) WITHOUT ROWID`
}

export function logTable(names: SyncNames, schema = ''): string {
  return `CREATE TABLE IF NOT EXISTS ${schema}${q(names.log)} (
  dataset_id TEXT NOT NULL,
  shadow_table TEXT NOT NULL,
  scn INTEGER NOT NULL,
  op TEXT NOT NULL CHECK (op IN ('insert', 'update', 'delete', 'drop')),
  document_id TEXT NOT NULL,
  payload BLOB NOT NULL,
  created_at INTEGER NOT NULL DEFAULT (${NOW}),
  PRIMARY KEY (dataset_id, shadow_table, scn)
)`
}

/** The foreign key is for connections that enforce it. The triggers refuse an unknown dataset in every connection. */
export function shadowTable(table: string, names: SyncNames, schema = ''): string[] {
  const references = `REFERENCES ${q(names.dataset)} (dataset_id) ON DELETE RESTRICT`
  return [`CREATE TABLE IF NOT EXISTS ${schema}${q(table)} ${shadowTableBody(references)}`]
}
