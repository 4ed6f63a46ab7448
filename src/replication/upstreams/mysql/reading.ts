import { backQuoted as q, literal, type SyncNames } from '../../sync-names.ts'
import { DOCUMENT_COLUMNS, tuples, type ReadingSql } from '../../sync-sql.ts'

const micros = (column: string): string =>
  `CAST(CAST(UNIX_TIMESTAMP(${column}) * 1000000 AS SIGNED) AS CHAR)`

const sum = (from: number): string =>
  `CAST(SUM(CAST(CONV(SUBSTR(h, ${from}, 8), 16, 10) AS UNSIGNED)) AS CHAR)`

export function readingSql(table: string, names: SyncNames, logName: string): ReadingSql {
  const heads = `SELECT u.upstream_id, CAST(u.protocol AS CHAR) AS protocol, ${micros('NOW(6)')} AS now_us,
  d.dataset_id, d.epoch, IF(d.deleted_at IS NULL, '0', '1') AS deleted,
  CAST(COALESCE(s.last_scn, 0) AS CHAR) AS last_scn, CAST(COALESCE(s.pruned_scn, 0) AS CHAR) AS pruned_scn
FROM ${q(names.upstream)} u
LEFT JOIN ${q(names.dataset)} d ON `
  const counter = ` LEFT JOIN ${q(names.counter)} s ON s.dataset_id = d.dataset_id AND s.shadow_table = ${literal(table)}`
  const stream = `dataset_id = ? AND shadow_table = ${literal(logName)}`
  // Logs of the original may have NULL in archived.
  const hash = `MD5(CONCAT_WS('|', MD5(id), COALESCE(MD5(content), '~'), COALESCE(MD5(meta), '~'),
    COALESCE(MD5(embedding), '~'), COALESCE(MD5(embedding_model), '~'), COALESCE(archived, 0)))`
  return {
    // READ ONLY with a snapshot taken now. Under READ COMMITTED the server would ignore the clause.
    begin: ['START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY'],
    end: 'ROLLBACK',
    heads: `${heads}TRUE${counter}`,
    head: `${heads}d.dataset_id = ?${counter}`,
    sizes:
      limit => `SELECT CAST(scn AS CHAR) AS scn, op, document_id, CAST(OCTET_LENGTH(payload) AS CHAR) AS size,
  ${micros('created_at')} AS created_us
FROM ${q(names.log)} l WHERE ${stream} AND l.scn >= CAST(? AS SIGNED) ORDER BY l.scn LIMIT ${limit}`,
    payloads: `SELECT CAST(scn AS CHAR) AS scn, payload FROM ${q(names.log)} l
WHERE ${stream} AND l.scn BETWEEN CAST(? AS SIGNED) AND CAST(? AS SIGNED) ORDER BY l.scn`,
    documents: count =>
      `SELECT ${DOCUMENT_COLUMNS} FROM ${q(table)} WHERE dataset_id = ? AND id IN (${tuples(count, '?')})`,
    pageSizes: (limit, inclusive) => `SELECT id, CAST(COALESCE(OCTET_LENGTH(content), 0)
  + COALESCE(OCTET_LENGTH(meta), 0) + COALESCE(OCTET_LENGTH(embedding), 0) AS CHAR) AS size
FROM ${q(table)} WHERE dataset_id = ? AND id ${inclusive ? '>=' : '>'} ? ORDER BY id LIMIT ${limit}`,
    // BETWEEN would compare its ends by the connection's collation. Where that takes 'A' = 'a ', the condition
    // becomes id = 'A'.
    page: `SELECT ${DOCUMENT_COLUMNS} FROM ${q(table)} WHERE dataset_id = ? AND id >= ? AND id <= ? ORDER BY id`,
    countEntries: `SELECT CAST(COUNT(*) AS CHAR) AS n FROM ${q(names.log)}
WHERE ${stream} AND scn > CAST(? AS SIGNED) AND scn <= CAST(? AS SIGNED)`,
    checksums: `SELECT SUBSTR(MD5(id), 1, 2) AS bucket, CAST(COUNT(*) AS CHAR) AS n, ${sum(1)} AS sum_a, ${sum(9)} AS sum_b
FROM (SELECT id, ${hash} AS h FROM ${q(table)} WHERE dataset_id = ?) hashes GROUP BY bucket`,
    bucket: `SELECT id, ${hash} AS hash FROM ${q(table)} WHERE dataset_id = ? AND SUBSTR(MD5(id), 1, 2) = ?`,
  }
}
