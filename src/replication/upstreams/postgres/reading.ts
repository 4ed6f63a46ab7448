import { doubleQuoted as q, literal, type SyncNames } from '../../sync-names.ts'
import { DOCUMENT_COLUMNS, type ReadingSql } from '../../sync-sql.ts'

const micros = (column: string): string => `(extract(epoch FROM ${column}) * 1000000)::bigint::text`

const sum = (from: number): string =>
  `sum(('x' || substr(h, ${from}, 8))::bit(32)::bigint & 4294967295)::text`

export function readingSql(table: string, names: SyncNames, logName: string): ReadingSql {
  const heads = `SELECT u.upstream_id::text AS upstream_id, u.protocol::text AS protocol, ${micros('clock_timestamp()')} AS now_us,
  d.dataset_id, d.epoch::text AS epoch, CASE WHEN d.deleted_at IS NULL THEN '0' ELSE '1' END AS deleted,
  coalesce(s.last_scn, 0)::text AS last_scn, coalesce(s.pruned_scn, 0)::text AS pruned_scn
FROM ${q(names.upstream)} u
LEFT JOIN ${q(names.dataset)} d ON `
  const counter = ` LEFT JOIN ${q(names.counter)} s ON s.dataset_id = d.dataset_id AND s.shadow_table = ${literal(table)}`
  const stream = `dataset_id = $1 AND shadow_table = ${literal(logName)}`
  const hash = `md5(concat_ws('|', md5(id), coalesce(md5(content), '~'), coalesce(md5(meta), '~'),
    coalesce(md5(embedding), '~'), coalesce(md5(embedding_model), '~'), archived::text))`
  return {
    begin: ['BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'],
    end: 'ROLLBACK',
    heads: `${heads}TRUE${counter}`,
    head: `${heads}d.dataset_id = $1${counter}`,
    sizes:
      limit => `SELECT l.scn::text AS scn, l.op::text AS op, l.document_id, octet_length(l.payload)::text AS size,
  ${micros('l.created_at')} AS created_us
FROM ${q(names.log)} l WHERE ${stream} AND l.scn >= $2::bigint ORDER BY l.scn LIMIT ${limit}`,
    payloads: `SELECT l.scn::text AS scn, l.payload FROM ${q(names.log)} l
WHERE ${stream} AND l.scn BETWEEN $2::bigint AND $3::bigint ORDER BY l.scn`,
    documents: count =>
      `SELECT ${DOCUMENT_COLUMNS} FROM ${q(table)} WHERE dataset_id = $1 AND id IN (${Array.from({ length: count }, (_, i) => `$${i + 2}`).join(', ')})`,
    pageSizes: (limit, inclusive) => `SELECT id, (coalesce(octet_length(content), 0)::bigint
  + coalesce(octet_length(meta), 0) + coalesce(octet_length(embedding), 0))::text AS size
FROM ${q(table)} WHERE dataset_id = $1 AND id ${inclusive ? '>=' : '>'} $2 ORDER BY id LIMIT ${limit}`,
    page: `SELECT ${DOCUMENT_COLUMNS} FROM ${q(table)} WHERE dataset_id = $1 AND id BETWEEN $2 AND $3 ORDER BY id`,
    countEntries: `SELECT count(*)::text AS n FROM ${q(names.log)} l
WHERE ${stream} AND l.scn > $2::bigint AND l.scn <= $3::bigint`,
    checksums: `SELECT substr(md5(id), 1, 2) AS bucket, count(*)::text AS n, ${sum(1)} AS sum_a, ${sum(9)} AS sum_b
FROM (SELECT id, ${hash} AS h FROM ${q(table)} WHERE dataset_id = $1) hashes GROUP BY 1`,
    bucket: `SELECT id, ${hash} AS hash FROM ${q(table)} WHERE dataset_id = $1 AND substr(md5(id), 1, 2) = $2`,
  }
}
