import { doubleQuoted as q, literal, type SyncNames } from '../sync-names.ts'
import { tuples, type ReadingSql } from '../sync-sql.ts'
import { NOW } from './tables.ts'

/** CAST: columns of SQLite hold what was bound; the log carries text. */
const DOCUMENT = `id, CAST(content AS TEXT) AS content, CAST(meta AS TEXT) AS meta,
  CAST(embedding AS BLOB) AS embedding, embedding_model, archived`

export function readingSql(table: string, names: SyncNames): ReadingSql {
  const heads = `SELECT u.upstream_id, CAST(u.protocol AS TEXT) AS protocol, CAST(${NOW} AS TEXT) AS now_us,
  d.dataset_id, d.epoch, CASE WHEN d.deleted_at IS NULL THEN '0' ELSE '1' END AS deleted,
  CAST(coalesce(s.last_scn, 0) AS TEXT) AS last_scn, CAST(coalesce(s.pruned_scn, 0) AS TEXT) AS pruned_scn
FROM ${q(names.upstream)} u
LEFT JOIN ${q(names.dataset)} d ON `
  const counter = ` LEFT JOIN ${q(names.counter)} s ON s.dataset_id = d.dataset_id AND s.shadow_table = ${literal(table)}`
  const stream = `dataset_id = ? AND shadow_table = ${literal(table)}`
  return {
    begin: ['BEGIN'],
    end: 'ROLLBACK',
    heads: `${heads}1${counter}`,
    head: `${heads}d.dataset_id = ?${counter}`,
    sizes:
      limit => `SELECT CAST(l.scn AS TEXT) AS scn, op, document_id, CAST(length(CAST(payload AS BLOB)) AS TEXT) AS size,
  CAST(created_at AS TEXT) AS created_us
FROM ${q(names.log)} l WHERE ${stream} AND l.scn >= CAST(? AS INTEGER) ORDER BY l.scn LIMIT ${limit}`,
    payloads: `SELECT CAST(l.scn AS TEXT) AS scn, payload FROM ${q(names.log)} l
WHERE ${stream} AND l.scn BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER) ORDER BY l.scn`,
    documents: count =>
      `SELECT ${DOCUMENT} FROM ${q(table)} WHERE dataset_id = ? AND id IN (${tuples(count, '?')})`,
    pageSizes: (limit, inclusive) => `SELECT id, CAST(coalesce(length(CAST(content AS BLOB)), 0)
  + coalesce(length(CAST(meta AS BLOB)), 0) + coalesce(length(CAST(embedding AS BLOB)), 0) AS TEXT) AS size
FROM ${q(table)} WHERE dataset_id = ? AND id ${inclusive ? '>=' : '>'} ? ORDER BY id LIMIT ${limit}`,
    page: `SELECT ${DOCUMENT} FROM ${q(table)} WHERE dataset_id = ? AND id BETWEEN ? AND ? ORDER BY id`,
    countEntries: `SELECT CAST(count(*) AS TEXT) AS n FROM ${q(names.log)} l
WHERE ${stream} AND l.scn > CAST(? AS INTEGER) AND l.scn <= CAST(? AS INTEGER)`,
    checksums: undefined,
    bucket: undefined,
  }
}
