import { doubleQuoted as q, literal, type SyncNames } from '../../sync-names.ts'
import { tuples, type WritingSql } from '../../sync-sql.ts'
import { NOW } from './tables.ts'

export function writingSql(table: string, names: SyncNames): WritingSql {
  const name = literal(table)
  const stream = `dataset_id = ? AND shadow_table = ${name}`
  const ago = `${NOW} - CAST(? AS REAL) * 1000000`
  return {
    begin: ['BEGIN IMMEDIATE'],
    commit: 'COMMIT',
    rollback: 'ROLLBACK',
    acknowledge:
      count => `INSERT INTO ${q(names.replica)} (replica_id, dataset_id, shadow_table, acked_scn)
VALUES ${tuples(count, `(?, ?, ${name}, CAST(? AS INTEGER))`)}
ON CONFLICT (replica_id, dataset_id, shadow_table) DO UPDATE SET acked_scn = excluded.acked_scn, seen_at = ${NOW}`,
    insertRequest: `INSERT INTO ${q(names.request)} (request_id, dataset_id, shadow_table) VALUES (?, ?, ${name}) ON CONFLICT DO NOTHING`,
    findRequest: `SELECT dataset_id, CAST(last_scn AS TEXT) AS last_scn FROM ${q(names.request)} WHERE request_id = ?`,
    finishRequest: `UPDATE ${q(names.request)} SET last_scn = CAST(? AS INTEGER) WHERE request_id = ?`,
    pruneRequests: `DELETE FROM ${q(names.request)} WHERE created_at < ${ago}`,
    lockDataset: `SELECT epoch, CASE WHEN deleted_at IS NULL THEN '0' ELSE '1' END AS deleted FROM ${q(names.dataset)} WHERE dataset_id = ?`,
    insertDataset: `INSERT INTO ${q(names.dataset)} (dataset_id, description, source_uri) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
    reviveDataset: `UPDATE ${q(names.dataset)} SET deleted_at = NULL, epoch = lower(hex(randomblob(16))) WHERE dataset_id = ? AND deleted_at IS NOT NULL`,
    tombstone: `UPDATE ${q(names.dataset)} SET deleted_at = ${NOW} WHERE dataset_id = ? AND deleted_at IS NULL`,
    upsertDocument: `INSERT INTO ${q(table)} (dataset_id, id, content, meta, embedding, embedding_model, archived)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (dataset_id, id) DO UPDATE SET content = excluded.content, meta = excluded.meta, embedding = excluded.embedding,
  embedding_model = excluded.embedding_model, archived = excluded.archived`,
    deleteDocument: `DELETE FROM ${q(table)} WHERE dataset_id = ? AND id = ?`,
    someIds: limit => `SELECT id FROM ${q(table)} WHERE dataset_id = ? ORDER BY id LIMIT ${limit}`,
    bumpCounter: `INSERT INTO ${q(names.counter)} (dataset_id, shadow_table, last_scn) VALUES (?, ${name}, CAST(? AS INTEGER))
ON CONFLICT (dataset_id, shadow_table) DO UPDATE SET last_scn = last_scn + excluded.last_scn`,
    readCounter: `SELECT CAST(last_scn AS TEXT) AS last_scn FROM ${q(names.counter)} WHERE ${stream}`,
    insertLog:
      count => `INSERT INTO ${q(names.log)} (dataset_id, shadow_table, scn, op, document_id, payload)
VALUES ${tuples(count, `(?, ${name}, CAST(? AS INTEGER), ?, ?, ?)`)}`,
    pruneHeads: `SELECT s.dataset_id, CAST(s.last_scn AS TEXT) AS last_scn, CAST(s.pruned_scn AS TEXT) AS pruned_scn,
  (SELECT CAST(min(r.acked_scn) AS TEXT) FROM ${q(names.replica)} r
    WHERE r.dataset_id = s.dataset_id AND r.shadow_table = s.shadow_table AND r.seen_at > ${ago}) AS acked_scn
FROM ${q(names.counter)} s WHERE s.shadow_table = ${name}`,
    youngEntry: `SELECT CAST(l.scn AS TEXT) AS scn FROM ${q(names.log)} l
WHERE ${stream} AND l.scn > CAST(? AS INTEGER) AND created_at > ${ago} ORDER BY l.scn LIMIT 1`,
    markPruned: `UPDATE ${q(names.counter)} SET pruned_scn = max(pruned_scn, CAST(? AS INTEGER)) WHERE ${stream}`,
    deleteEntries: limit => `DELETE FROM ${q(names.log)} WHERE rowid IN (
  SELECT rowid FROM ${q(names.log)} l WHERE ${stream} AND l.scn <= CAST(? AS INTEGER) ORDER BY l.scn LIMIT ${limit})`,
    countTriggers: `SELECT CAST(count(*) AS TEXT) AS n FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ${name}
  AND name IN (${['_ai', '_au', '_ad'].map(suffix => literal(table + suffix)).join(', ')})`,
  }
}
