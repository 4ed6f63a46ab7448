import { backQuoted as q, literal, type SyncNames } from '../../sync-names.ts'
import { tuples, type WritingSql } from '../../sync-sql.ts'

export function writingSql(table: string, names: SyncNames): WritingSql {
  const name = literal(table)
  const stream = `dataset_id = ? AND shadow_table = ${name}`
  return {
    begin: ['SET TRANSACTION ISOLATION LEVEL READ COMMITTED', 'START TRANSACTION'],
    commit: 'COMMIT',
    rollback: 'ROLLBACK',
    acknowledge:
      count => `INSERT INTO ${q(names.replica)} (replica_id, dataset_id, shadow_table, acked_scn)
VALUES ${tuples(count, `(?, ?, ${name}, CAST(? AS SIGNED))`)}
ON DUPLICATE KEY UPDATE acked_scn = VALUES(acked_scn), seen_at = NOW(6)`,
    insertRequest: `INSERT IGNORE INTO ${q(names.request)} (request_id, dataset_id, shadow_table) VALUES (?, ?, ${name})`,
    findRequest: `SELECT dataset_id, CAST(last_scn AS CHAR) AS last_scn FROM ${q(names.request)} WHERE request_id = ?`,
    finishRequest: `UPDATE ${q(names.request)} SET last_scn = CAST(? AS SIGNED) WHERE request_id = ?`,
    pruneRequests: `DELETE FROM ${q(names.request)} WHERE created_at < NOW(6) - INTERVAL ? SECOND`,
    lockDataset: `SELECT epoch, IF(deleted_at IS NULL, '0', '1') AS deleted FROM ${q(names.dataset)}
WHERE dataset_id = ? LOCK IN SHARE MODE`,
    insertDataset: `INSERT IGNORE INTO ${q(names.dataset)} (dataset_id, description, source_uri) VALUES (?, ?, ?)`,
    reviveDataset: `UPDATE ${q(names.dataset)} SET deleted_at = NULL, epoch = UUID() WHERE dataset_id = ? AND deleted_at IS NOT NULL`,
    tombstone: `UPDATE ${q(names.dataset)} SET deleted_at = NOW(6) WHERE dataset_id = ? AND deleted_at IS NULL`,
    upsertDocument: `INSERT INTO ${q(table)} (dataset_id, id, content, meta, embedding, embedding_model, archived)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE content = VALUES(content), meta = VALUES(meta), embedding = VALUES(embedding),
  embedding_model = VALUES(embedding_model), archived = VALUES(archived)`,
    deleteDocument: `DELETE FROM ${q(table)} WHERE dataset_id = ? AND id = ?`,
    someIds: limit => `SELECT id FROM ${q(table)} WHERE dataset_id = ? ORDER BY id LIMIT ${limit}`,
    bumpCounter: `INSERT INTO ${q(names.counter)} (dataset_id, shadow_table, last_scn) VALUES (?, ${name}, CAST(? AS SIGNED))
ON DUPLICATE KEY UPDATE last_scn = last_scn + VALUES(last_scn)`,
    readCounter: `SELECT CAST(last_scn AS CHAR) AS last_scn FROM ${q(names.counter)} WHERE ${stream}`,
    insertLog:
      count => `INSERT INTO ${q(names.log)} (dataset_id, shadow_table, scn, op, document_id, payload)
VALUES ${tuples(count, `(?, ${name}, CAST(? AS SIGNED), ?, ?, ?)`)}`,
    pruneHeads: `SELECT s.dataset_id, CAST(s.last_scn AS CHAR) AS last_scn, CAST(s.pruned_scn AS CHAR) AS pruned_scn,
  (SELECT CAST(MIN(r.acked_scn) AS CHAR) FROM ${q(names.replica)} r
    WHERE r.dataset_id = s.dataset_id AND r.shadow_table = s.shadow_table
      AND r.seen_at > NOW(6) - INTERVAL ? SECOND) AS acked_scn
FROM ${q(names.counter)} s WHERE s.shadow_table = ${name}`,
    youngEntry: `SELECT CAST(scn AS CHAR) AS scn FROM ${q(names.log)} l
WHERE ${stream} AND l.scn > CAST(? AS SIGNED) AND created_at > NOW(6) - INTERVAL ? SECOND ORDER BY l.scn LIMIT 1`,
    markPruned: `UPDATE ${q(names.counter)} SET pruned_scn = GREATEST(pruned_scn, CAST(? AS SIGNED)) WHERE ${stream}`,
    deleteEntries: limit =>
      `DELETE FROM ${q(names.log)} WHERE ${stream} AND scn <= CAST(? AS SIGNED) ORDER BY scn LIMIT ${limit}`,
    countTriggers: `SELECT CAST(COUNT(*) AS CHAR) AS n FROM information_schema.triggers
WHERE event_object_schema = DATABASE() AND event_object_table = ${name}
  AND trigger_name IN (${['_ai', '_au', '_ad'].map(suffix => literal(table + suffix)).join(', ')})`,
  }
}
