import { doubleQuoted as q, literal, PROTOCOL } from '../sync-names.ts'
import { ENTRY, PAYLOAD, readingSql } from '../upstreams/sqlite/reading.ts'
import { NOW } from '../upstreams/sqlite/tables.ts'
import type { LegacySql } from './legacy-sql.ts'

export const sqliteLegacy: LegacySql = {
  reading(table, names, log) {
    const stream = `dataset_id = ? AND shadow_table = ${literal(log.name)}`
    const heads = `SELECT 'legacy' AS upstream_id, '${PROTOCOL}' AS protocol, CAST(${NOW} AS TEXT) AS now_us,
  d.dataset_id, 'legacy' AS epoch, '0' AS deleted,
  CAST(coalesce((SELECT max(l.scn) FROM ${q(names.log)} l
    WHERE l.dataset_id = d.dataset_id AND l.shadow_table = ${literal(log.name)}), 0) AS TEXT) AS last_scn, '0' AS pruned_scn
FROM (SELECT 1 AS one) u LEFT JOIN ${q(names.dataset)} d ON typeof(d.dataset_id) = 'text'`
    const created = log.hasCreatedAt
      ? `CAST(CAST((julianday(created_at) - 2440587.5) * 86400000000 AS INTEGER) AS TEXT)`
      : `'0'`
    return {
      ...readingSql(table, names),
      heads,
      head: `${heads} AND d.dataset_id = ?`,
      sizes: limit => `SELECT ${ENTRY}, ${created} AS created_us
FROM ${q(names.log)} l WHERE ${stream} AND l.scn >= CAST(? AS INTEGER) ORDER BY l.scn LIMIT ${limit}`,
      payloads: `SELECT ${PAYLOAD} FROM ${q(names.log)} l
WHERE ${stream} AND l.scn BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER) ORDER BY l.scn`,
      countEntries: `SELECT CAST(count(*) AS TEXT) AS n FROM ${q(names.log)} l
WHERE ${stream} AND l.scn > CAST(? AS INTEGER) AND l.scn <= CAST(? AS INTEGER)`,
    }
  },
  triggers: table =>
    `SELECT sql AS body FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ${literal(table)}`,
  logNames: names => `SELECT DISTINCT shadow_table FROM ${q(names.log)}`,
  colliding: undefined,
}
