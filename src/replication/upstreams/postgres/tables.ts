import { doubleQuoted as q, PROTOCOL, type SyncNames } from '../../sync-names.ts'

export function controlTables(names: SyncNames): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${q(names.upstream)} (
  id int PRIMARY KEY CHECK (id = 1),
  upstream_id uuid NOT NULL DEFAULT gen_random_uuid(),
  protocol int NOT NULL
)`,
    `INSERT INTO ${q(names.upstream)} (id, protocol) VALUES (1, ${PROTOCOL}) ON CONFLICT DO NOTHING`,
    `CREATE TABLE IF NOT EXISTS ${q(names.dataset)} (
  dataset_id text COLLATE "C" PRIMARY KEY,
  description text,
  source_uri text,
  epoch uuid NOT NULL DEFAULT gen_random_uuid(),
  deleted_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`,
    seqTable(names),
    logTable(names),
    `CREATE TABLE IF NOT EXISTS ${q(names.replica)} (
  replica_id text COLLATE "C" NOT NULL,
  dataset_id text COLLATE "C" NOT NULL,
  shadow_table text COLLATE "C" NOT NULL,
  acked_scn bigint NOT NULL DEFAULT 0,
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (replica_id, dataset_id, shadow_table)
)`,
    `CREATE TABLE IF NOT EXISTS ${q(names.request)} (
  request_id text COLLATE "C" PRIMARY KEY,
  dataset_id text COLLATE "C" NOT NULL,
  shadow_table text COLLATE "C" NOT NULL,
  last_scn bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`,
    `CREATE OR REPLACE VIEW ${q(names.lastScn)} AS
SELECT d.dataset_id, d.description, d.source_uri, d.created_at,
  COALESCE((SELECT max(s.last_scn) FROM ${q(names.counter)} s WHERE s.dataset_id = d.dataset_id), 0) AS last_scn
FROM ${q(names.dataset)} d WHERE d.deleted_at IS NULL`,
  ]
}

/** One counter per (dataset, shadow table). Without a foreign key, since it outlives the dataset and is never reset. */
export function seqTable(names: SyncNames): string {
  return `CREATE TABLE IF NOT EXISTS ${q(names.counter)} (
  dataset_id text COLLATE "C" NOT NULL,
  shadow_table text COLLATE "C" NOT NULL,
  last_scn bigint NOT NULL DEFAULT 0,
  pruned_scn bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (dataset_id, shadow_table)
) WITH (fillfactor = 50)`
}

export function logTable(names: SyncNames): string {
  return `CREATE TABLE IF NOT EXISTS ${q(names.log)} (
  dataset_id text COLLATE "C" NOT NULL,
  shadow_table text COLLATE "C" NOT NULL,
  scn bigint NOT NULL,
  op text NOT NULL CHECK (op IN ('insert', 'update', 'delete', 'drop')),
  document_id text COLLATE "C" NOT NULL,
  payload text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (dataset_id, shadow_table, scn)
)`
}

export function shadowTable(table: string, names: SyncNames): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${q(table)} (
  dataset_id text COLLATE "C" NOT NULL REFERENCES ${q(names.dataset)} ON DELETE RESTRICT ON UPDATE RESTRICT,
  id text COLLATE "C" NOT NULL,
  content text,
  meta text,
  embedding bytea,
  embedding_model text,
  scn bigint NOT NULL DEFAULT 0,
  archived smallint NOT NULL DEFAULT 0,
  PRIMARY KEY (dataset_id, id)
)`,
  ]
}
