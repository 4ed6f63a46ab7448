import { OF_DATASET, strayRows, textIds } from '../../stored-rows.ts'
import { doubleQuoted as q, literal, type SyncNames } from '../../sync-names.ts'
import { tuples, type ReadingSql } from '../../sync-sql.ts'
import { NOW } from './tables.ts'

/**
 * Text leaves as bytes: a driver would silently replace what is not UTF-8. A BLOB bound to a text column counts as
 * the text it contains, as in the log. An embedding that is not a BLOB counts as missing.
 */
const DOCUMENT = `CAST(id AS BLOB) AS id, CAST(content AS BLOB) AS content, CAST(meta AS BLOB) AS meta,
  embedding, CAST(embedding_model AS BLOB) AS embedding_model, archived`

const ENTRY = `CAST(l.scn AS TEXT) AS scn, CAST(op AS TEXT) AS op, CAST(document_id AS BLOB) AS document_id,
  typeof(document_id) AS id_type, CAST(length(CAST(payload AS BLOB)) AS TEXT) AS size`

const PAYLOAD = 'CAST(l.scn AS TEXT) AS scn, CAST(payload AS BLOB) AS payload'

const SIZE = `CAST(coalesce(length(CAST(content AS BLOB)), 0) + coalesce(length(CAST(meta AS BLOB)), 0)
  + coalesce(length(CAST(embedding AS BLOB)), 0) AS TEXT)`

export function readingSql(table: string, names: SyncNames, logName: string): ReadingSql {
  const heads = `SELECT u.upstream_id, CAST(u.protocol AS TEXT) AS protocol, CAST(${NOW} AS TEXT) AS now_us,
  d.dataset_id, d.epoch, CASE WHEN d.deleted_at IS NULL THEN '0' ELSE '1' END AS deleted,
  CAST(coalesce(s.last_scn, 0) AS TEXT) AS last_scn, CAST(coalesce(s.pruned_scn, 0) AS TEXT) AS pruned_scn
FROM ${q(names.upstream)} u
LEFT JOIN ${q(names.dataset)} d ON typeof(d.dataset_id) = 'text'`
  const counter = ` LEFT JOIN ${q(names.counter)} s ON s.dataset_id = d.dataset_id AND s.shadow_table = ${literal(table)}`
  const stream = `dataset_id = ? AND shadow_table = ${literal(logName)}`
  return {
    begin: ['BEGIN'],
    end: 'ROLLBACK',
    heads: `${heads}${counter}`,
    head: `${heads} AND d.dataset_id = ?${counter}`,
    sizes: limit => `SELECT ${ENTRY}, CAST(created_at AS TEXT) AS created_us
FROM ${q(names.log)} l WHERE ${stream} AND l.scn >= CAST(? AS INTEGER) ORDER BY l.scn LIMIT ${limit}`,
    payloads: `SELECT ${PAYLOAD} FROM ${q(names.log)} l
WHERE ${stream} AND l.scn BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER) ORDER BY l.scn`,
    documents: count =>
      `SELECT ${DOCUMENT} FROM ${q(table)} WHERE ${OF_DATASET} AND id COLLATE BINARY IN (${tuples(count, '?')})`,
    pageSizes: (limit, inclusive) => textIds(limit, table, inclusive, SIZE),
    page: `SELECT ${DOCUMENT} FROM ${q(table)} t WHERE ${OF_DATASET}
  AND t.id COLLATE BINARY BETWEEN CAST(? AS TEXT) AND CAST(? AS TEXT) ORDER BY t.id COLLATE BINARY`,
    strays: strayRows(table),
    countEntries: `SELECT CAST(count(*) AS TEXT) AS n FROM ${q(names.log)} l
WHERE ${stream} AND l.scn > CAST(? AS INTEGER) AND l.scn <= CAST(? AS INTEGER)`,
    checksums: undefined,
    bucket: undefined,
  }
}
