import { doubleQuoted as q, literal, PROTOCOL } from '../../replication/sync-names.ts'
import type { LegacyLog } from './legacy-log.ts'

/** Microseconds since 1970 of a time that julianday() understands. */
const micros = (time: string): string =>
  `CAST(CAST((julianday(${time}) - 2440587.5) * 86400000000 AS INTEGER) AS TEXT)`

export const sqliteLog: LegacyLog = {
  reading(names, log) {
    const heads = `SELECT 'legacy' AS upstream_id, '${PROTOCOL}' AS protocol, ${micros(`'now'`)} AS now_us,
  d.dataset_id, 'legacy' AS epoch, '0' AS deleted,
  CAST(coalesce((SELECT max(l.scn) FROM ${q(names.log)} l
    WHERE l.dataset_id = d.dataset_id AND l.shadow_table = ${literal(log.name)}), 0) AS TEXT) AS last_scn, '0' AS pruned_scn
FROM (SELECT 1 AS one) u LEFT JOIN ${q(names.dataset)} d ON typeof(d.dataset_id) = 'text'`
    return {
      heads,
      head: `${heads} AND d.dataset_id = ?`,
      sizes:
        limit => `SELECT CAST(l.scn AS TEXT) AS scn, CAST(op AS TEXT) AS op, CAST(document_id AS BLOB) AS document_id,
  typeof(document_id) AS id_type, CAST(length(CAST(payload AS BLOB)) AS TEXT) AS size,
  ${log.hasCreatedAt ? micros('created_at') : `'0'`} AS created_us
FROM ${q(names.log)} l WHERE dataset_id = ? AND shadow_table = ${literal(log.name)}
  AND l.scn >= CAST(? AS INTEGER) ORDER BY l.scn LIMIT ${limit}`,
    }
  },
  triggers: table =>
    `SELECT sql AS body FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ${literal(table)}`,
  logNames: names => `SELECT DISTINCT shadow_table FROM ${q(names.log)}`,
}
