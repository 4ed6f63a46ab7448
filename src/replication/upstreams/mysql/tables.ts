import { backQuoted as q, PROTOCOL, type SyncNames } from '../../sync-names.ts'

/**
 * Byte order without padding, so that 'a', 'A' and 'a ' are three keys and a keyset page follows the replica's order.
 * The version comments let one text serve MySQL (8.0.17) and MariaDB (10.2.2).
 */
const BYTEWISE =
  'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=/*!80017 utf8mb4_0900_bin *//*M!100202 utf8mb4_nopad_bin */'

export function controlTables(names: SyncNames): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${q(names.upstream)} (
  id TINYINT NOT NULL PRIMARY KEY CHECK (id = 1),
  upstream_id CHAR(36) NOT NULL,
  protocol INT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=ascii`,
    `INSERT IGNORE INTO ${q(names.upstream)} (id, upstream_id, protocol) VALUES (1, UUID(), ${PROTOCOL})`,
    `CREATE TABLE IF NOT EXISTS ${q(names.dataset)} (
  dataset_id VARCHAR(191) NOT NULL PRIMARY KEY,
  description TEXT NULL,
  source_uri TEXT NULL,
  epoch CHAR(36) NOT NULL DEFAULT (UUID()),
  deleted_at TIMESTAMP(6) NULL DEFAULT NULL,
  created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
) ${BYTEWISE}`,
    seqTable(names),
    logTable(names),
    `CREATE TABLE IF NOT EXISTS ${q(names.replica)} (
  replica_id VARCHAR(191) NOT NULL,
  dataset_id VARCHAR(191) NOT NULL,
  shadow_table VARCHAR(64) NOT NULL,
  acked_scn BIGINT NOT NULL DEFAULT 0,
  seen_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (replica_id, dataset_id, shadow_table)
) ${BYTEWISE}`,
    `CREATE TABLE IF NOT EXISTS ${q(names.request)} (
  request_id VARCHAR(191) NOT NULL PRIMARY KEY,
  dataset_id VARCHAR(191) NOT NULL,
  shadow_table VARCHAR(64) NOT NULL,
  last_scn BIGINT NOT NULL DEFAULT 0,
  created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
) ${BYTEWISE}`,
    `CREATE OR REPLACE VIEW ${q(names.lastScn)} AS
SELECT d.dataset_id, d.description, d.source_uri, d.created_at,
  COALESCE((SELECT MAX(s.last_scn) FROM ${q(names.counter)} s WHERE s.dataset_id = d.dataset_id), 0) AS last_scn
FROM ${q(names.dataset)} d WHERE d.deleted_at IS NULL`,
  ]
}

/** One counter per (dataset, shadow table). Without a foreign key, since it outlives the dataset and is never reset. */
export function seqTable(names: SyncNames): string {
  return `CREATE TABLE IF NOT EXISTS ${q(names.counter)} (
  dataset_id VARCHAR(191) NOT NULL,
  shadow_table VARCHAR(64) NOT NULL,
  last_scn BIGINT NOT NULL DEFAULT 0,
  pruned_scn BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (dataset_id, shadow_table)
) ${BYTEWISE}`
}

export function logTable(names: SyncNames): string {
  return `CREATE TABLE IF NOT EXISTS ${q(names.log)} (
  dataset_id VARCHAR(191) NOT NULL,
  shadow_table VARCHAR(64) NOT NULL,
  scn BIGINT NOT NULL,
  op ENUM('insert', 'update', 'delete', 'drop') NOT NULL,
  document_id VARCHAR(191) NOT NULL,
  payload LONGBLOB NOT NULL,
  created_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (dataset_id, shadow_table, scn)
) ${BYTEWISE}`
}

/** The guard is an empty child table: MySQL refuses TRUNCATE of a table that a foreign key references. */
export function shadowTable(table: string, names: SyncNames): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${q(table)} (
  dataset_id VARCHAR(191) NOT NULL,
  id VARCHAR(191) NOT NULL,
  content MEDIUMTEXT NULL,
  meta MEDIUMTEXT NULL,
  embedding LONGBLOB NULL,
  embedding_model VARCHAR(191) NULL,
  scn BIGINT NOT NULL DEFAULT 0,
  archived TINYINT(1) NOT NULL DEFAULT 0,
  PRIMARY KEY (dataset_id, id),
  FOREIGN KEY (dataset_id) REFERENCES ${q(names.dataset)} (dataset_id) ON DELETE RESTRICT ON UPDATE RESTRICT
) ${BYTEWISE}`,
    `CREATE TABLE IF NOT EXISTS ${q(`${table}_truncate_guard`)} (
  dataset_id VARCHAR(191) NOT NULL,
  id VARCHAR(191) NOT NULL,
  PRIMARY KEY (dataset_id, id),
  FOREIGN KEY (dataset_id, id) REFERENCES ${q(table)} (dataset_id, id)
) ${BYTEWISE}`,
  ]
}
