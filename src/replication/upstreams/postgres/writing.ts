import { doubleQuoted as q, literal, type SyncNames } from '../../sync-names.ts'
import type { WritingSql } from '../../sync-sql.ts'

export function writingSql(table: string, names: SyncNames): WritingSql {
  const name = literal(table)
  const stream = `dataset_id = $1 AND shadow_table = ${name}`
  return {
    begin: ['BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE'],
    commit: 'COMMIT',
    rollback: 'ROLLBACK',
    acknowledge:
      count => `INSERT INTO ${q(names.replica)} (replica_id, dataset_id, shadow_table, acked_scn)
VALUES ${numbered(count, 3, at => `(${at(0)}, ${at(1)}, ${name}, ${at(2)}::bigint)`)}
ON CONFLICT (replica_id, dataset_id, shadow_table) DO UPDATE SET acked_scn = excluded.acked_scn, seen_at = clock_timestamp()`,
    insertRequest: `INSERT INTO ${q(names.request)} (request_id, dataset_id, shadow_table) VALUES ($1, $2, ${name}) ON CONFLICT DO NOTHING`,
    findRequest: `SELECT dataset_id, last_scn::text AS last_scn FROM ${q(names.request)} WHERE request_id = $1`,
    finishRequest: `UPDATE ${q(names.request)} SET last_scn = $1::bigint WHERE request_id = $2`,
    pruneRequests: `DELETE FROM ${q(names.request)} WHERE created_at < clock_timestamp() - $1::float8 * interval '1 second'`,
    lockDataset: `SELECT epoch::text AS epoch, CASE WHEN deleted_at IS NULL THEN '0' ELSE '1' END AS deleted FROM ${q(names.dataset)}
WHERE dataset_id = $1 FOR SHARE`,
    insertDataset: `INSERT INTO ${q(names.dataset)} (dataset_id, description, source_uri) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
    reviveDataset: `UPDATE ${q(names.dataset)} SET deleted_at = NULL, epoch = gen_random_uuid() WHERE dataset_id = $1 AND deleted_at IS NOT NULL`,
    tombstone: `UPDATE ${q(names.dataset)} SET deleted_at = clock_timestamp() WHERE dataset_id = $1 AND deleted_at IS NULL`,
    upsertDocument: `INSERT INTO ${q(table)} (dataset_id, id, content, meta, embedding, embedding_model, archived)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (dataset_id, id) DO UPDATE SET content = excluded.content, meta = excluded.meta, embedding = excluded.embedding,
  embedding_model = excluded.embedding_model, archived = excluded.archived`,
    deleteDocument: `DELETE FROM ${q(table)} WHERE dataset_id = $1 AND id = $2`,
    someIds: limit => `SELECT id FROM ${q(table)} WHERE dataset_id = $1 ORDER BY id LIMIT ${limit}`,
    bumpCounter: `INSERT INTO ${q(names.counter)} AS s (dataset_id, shadow_table, last_scn) VALUES ($1, ${name}, $2::bigint)
ON CONFLICT (dataset_id, shadow_table) DO UPDATE SET last_scn = s.last_scn + excluded.last_scn`,
    readCounter: `SELECT last_scn::text AS last_scn FROM ${q(names.counter)} WHERE ${stream}`,
    insertLog:
      count => `INSERT INTO ${q(names.log)} (dataset_id, shadow_table, scn, op, document_id, payload)
VALUES ${numbered(count, 5, at => `(${at(0)}, ${name}, ${at(1)}::bigint, ${at(2)}, ${at(3)}, ${at(4)})`)}`,
    pruneHeads: `SELECT s.dataset_id, s.last_scn::text AS last_scn, s.pruned_scn::text AS pruned_scn,
  (SELECT min(r.acked_scn)::text FROM ${q(names.replica)} r
    WHERE r.dataset_id = s.dataset_id AND r.shadow_table = s.shadow_table
      AND r.seen_at > clock_timestamp() - $1::float8 * interval '1 second') AS acked_scn
FROM ${q(names.counter)} s WHERE s.shadow_table = ${name}`,
    youngEntry: `SELECT l.scn::text AS scn FROM ${q(names.log)} l
WHERE ${stream} AND l.scn > $2::bigint AND l.created_at > clock_timestamp() - $3::float8 * interval '1 second' ORDER BY l.scn LIMIT 1`,
    markPruned: `UPDATE ${q(names.counter)} SET pruned_scn = greatest(pruned_scn, $1::bigint)
WHERE dataset_id = $2 AND shadow_table = ${name}`,
    deleteEntries: limit => `DELETE FROM ${q(names.log)} WHERE ${stream} AND scn IN (
  SELECT scn FROM ${q(names.log)} WHERE ${stream} AND scn <= $2::bigint ORDER BY scn LIMIT ${limit})`,
    countTriggers: `SELECT count(*)::text AS n FROM pg_trigger
WHERE tgrelid = to_regclass(${literal(q(table))}) AND NOT tgisinternal AND tgname = ${literal(`${table}_vs`)}`,
  }
}

/** `($1, $2), ($3, $4)`: `at(i)` is the i-th parameter of a row. */
function numbered(
  count: number,
  width: number,
  row: (at: (i: number) => string) => string,
): string {
  return Array.from({ length: count }, (_, r) => row(i => `$${r * width + i + 1}`)).join(', ')
}
