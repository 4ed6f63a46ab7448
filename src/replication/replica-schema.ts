import { shadowTableBody } from '../search/schema/table-schema.ts'
import { checkTableName, doubleQuoted as q, syncNames, type SyncNames } from './sync-names.ts'

/** All statements that a replica needs. */
export function replicaDDL(table: string, options: { readonly prefix?: string } = {}): string[] {
  return [...replicaTables(syncNames(options.prefix)), replicaShadowTable(checkTableName(table))]
}

/**
 * The tables of a replica beside its shadow table. A checkpoint is written in the transaction of the rows that it
 * describes. `halt_code` is stored beside `phase`: a halted dataset continues in the phase it was in.
 */
export function replicaTables(names: SyncNames): string[] {
  return [
    stateTable(names.state),
    `CREATE TABLE IF NOT EXISTS ${q(names.lease)} (
  name TEXT PRIMARY KEY NOT NULL,
  owner TEXT NOT NULL,
  token INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
)`,
    `CREATE TABLE IF NOT EXISTS ${q(names.dead)} (
  dataset_id TEXT NOT NULL,
  shadow_table TEXT NOT NULL,
  scn INTEGER NOT NULL,
  op TEXT NOT NULL,
  document_id TEXT NOT NULL,
  payload BLOB,
  reason TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (dataset_id, shadow_table, scn, document_id)
)`,
    `CREATE TABLE IF NOT EXISTS ${q(names.identity)} (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  replica_id TEXT NOT NULL
)`,
  ]
}

/** Columns beyond the original's three, in the form that ALTER TABLE ADD COLUMN takes. */
export const STATE_COLUMNS: ReadonlyMap<string, string> = new Map([
  ['phase', `TEXT NOT NULL DEFAULT 'new'`],
  ['ready_scn', 'INTEGER NOT NULL DEFAULT 0'],
  ['boot_scn', 'INTEGER NOT NULL DEFAULT 0'],
  ['boot_cursor', 'TEXT'],
  ['applied', 'INTEGER NOT NULL DEFAULT 0'],
  ['upstream_id', 'TEXT'],
  ['epoch', 'TEXT'],
  ['fingerprint', 'TEXT'],
  ['dimension', 'INTEGER'],
  ['model', 'TEXT'],
  ['halt_code', 'TEXT'],
  ['halt_message', 'TEXT'],
  ['updated_at', 'INTEGER NOT NULL DEFAULT 0'],
])

function stateTable(name: string): string {
  const columns = [...STATE_COLUMNS].map(([column, type]) => `  ${column} ${type},\n`).join('')
  return `CREATE TABLE IF NOT EXISTS ${q(name)} (
  dataset_id TEXT NOT NULL,
  shadow_table TEXT NOT NULL,
  last_scn INTEGER NOT NULL,
${columns}  PRIMARY KEY (dataset_id, shadow_table)
)`
}

/**
 * The replica's shadow table: that of an ordinary vec table, without triggers for the log and without a foreign key.
 */
export function replicaShadowTable(table: string): string {
  return `CREATE TABLE IF NOT EXISTS ${q(table)} ${shadowTableBody()}`
}
