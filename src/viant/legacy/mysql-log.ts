import { backQuoted as q, literal, PROTOCOL } from '../../replication/sync-names.ts'
import type { LegacyLog } from './legacy-log.ts'

export const mysqlLog: LegacyLog = {
  reading(names, log) {
    const stream = `dataset_id = ? AND shadow_table = ${literal(log.name)}`
    const heads = `SELECT 'legacy' AS upstream_id, '${PROTOCOL}' AS protocol,
  CAST(CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED) AS CHAR) AS now_us, d.dataset_id, 'legacy' AS epoch, '0' AS deleted,
  CAST(COALESCE((SELECT MAX(l.scn) FROM ${q(names.log)} l
    WHERE l.dataset_id = d.dataset_id AND l.shadow_table = ${literal(log.name)}), 0) AS CHAR) AS last_scn, '0' AS pruned_scn
FROM (SELECT 1 AS one) u LEFT JOIN ${q(names.dataset)} d ON `
    const created = log.hasCreatedAt
      ? 'CAST(CAST(UNIX_TIMESTAMP(created_at) * 1000000 AS SIGNED) AS CHAR)'
      : `'0'`
    return {
      heads: `${heads}TRUE`,
      head: `${heads}d.dataset_id = ?`,
      sizes:
        limit => `SELECT CAST(scn AS CHAR) AS scn, op, document_id, CAST(OCTET_LENGTH(payload) AS CHAR) AS size,
  ${created} AS created_us
FROM ${q(names.log)} l WHERE ${stream} AND l.scn >= CAST(? AS SIGNED) ORDER BY l.scn LIMIT ${limit}`,
      payloads: `SELECT CAST(scn AS CHAR) AS scn, CONVERT(payload USING utf8mb4) AS payload FROM ${q(names.log)} l
WHERE ${stream} AND l.scn BETWEEN CAST(? AS SIGNED) AND CAST(? AS SIGNED) ORDER BY l.scn`,
    }
  },
  triggers: table => `SELECT action_statement AS body FROM information_schema.triggers
WHERE event_object_schema = DATABASE() AND event_object_table = ${literal(table)}`,
  logNames: names => `SELECT DISTINCT shadow_table FROM ${q(names.log)}`,
  // JSON text, so that ids that differ only in trailing spaces are distinct too.
  colliding: names =>
    `SELECT GROUP_CONCAT(DISTINCT JSON_QUOTE(CONVERT(dataset_id USING utf8mb4)) COLLATE utf8mb4_bin SEPARATOR ', ') AS datasets
FROM ${q(names.log)}
GROUP BY dataset_id HAVING COUNT(DISTINCT BINARY dataset_id) > 1`,
}
