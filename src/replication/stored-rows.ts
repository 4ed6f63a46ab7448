import { doubleQuoted as q } from './sync-names.ts'

/**
 * SQLite stores what was bound, whatever the column was declared as: an id may be a BLOB, an embedding TEXT. Such a row
 * looks the same once it is cast, and is not: a search does not find it. These statements look at what is stored.
 */

/** [] -> bytes: how a file holds text. Builds without UTF-16 do not know PRAGMA encoding. */
export const LETTER_BYTES = `SELECT hex(CAST('a' AS BLOB)) AS bytes`

export const UTF8_LETTER = '61'

/** Byte order and no other, whatever collation a column was declared with. */
export const OF_DATASET = 'dataset_id = ? COLLATE BINARY'

/** An id is TEXT: all of TEXT comes after numbers and before BLOBs. */
const TEXT_ID = `id COLLATE BINARY >= '' AND id < x''`

const otherThanText = (column: string): string =>
  `(${column} IS NULL OR ${column} < '' OR ${column} >= x'')`

/** Rows whose key only looks like one of the dataset: [dataset, dataset]. */
const STRAY = `((${OF_DATASET} AND ${otherThanText('id')})
  OR (${otherThanText('dataset_id')} AND coalesce(CAST(dataset_id AS TEXT), '') = ? COLLATE BINARY))`

const stored = (column: string, ...classes: readonly string[]): string =>
  `WHEN typeof(${column}) NOT IN (${classes.map(name => `'${name}'`).join(', ')})
    THEN '${column} is stored as ' || upper(typeof(${column}))`

/**
 * [last change, dataset] -> id and the other columns as bytes, archived as text, flaw: why a row is not what a
 * replicator would have written, or NULL. A row numbered beyond the last change would refuse the changes to come.
 */
export function storedRows(table: string): string {
  return `SELECT CAST(id AS BLOB) AS id, CAST(content AS BLOB) AS content, CAST(meta AS BLOB) AS meta,
  CAST(embedding AS BLOB) AS embedding, CAST(embedding_model AS BLOB) AS embedding_model, CAST(archived AS TEXT) AS archived,
  CASE ${stored('content', 'text', 'null')}
    ${stored('meta', 'text', 'null')}
    ${stored('embedding', 'blob', 'null')}
    ${stored('embedding_model', 'text', 'null')}
    ${stored('archived', 'integer')}
    ${stored('scn', 'integer')}
    WHEN scn > ? THEN 'scn is ' || scn || ', beyond the last change'
  END AS flaw
FROM ${q(table)} t WHERE ${OF_DATASET} AND ${TEXT_ID} ORDER BY t.id COLLATE BINARY`
}

/** [dataset, dataset] -> id as bytes, flaw. */
export function strayRows(table: string): string {
  return `SELECT CAST(id AS BLOB) AS id, CASE ${stored('id', 'text')} ${stored('dataset_id', 'text')} END AS flaw
FROM ${q(table)} WHERE ${STRAY}`
}

/** [dataset, dataset] */
export function deleteStrays(table: string): string {
  return `DELETE FROM ${q(table)} WHERE ${STRAY}`
}

/** [dataset, cursor] -> id as bytes, in byte order after the cursor. */
export function textIds(limit: number, table: string, inclusive: boolean, size: string): string {
  return `SELECT CAST(id AS BLOB) AS id, ${size} AS size FROM ${q(table)} t
WHERE ${OF_DATASET} AND t.id COLLATE BINARY ${inclusive ? '>=' : '>'} CAST(? AS TEXT) AND t.id < x''
ORDER BY t.id COLLATE BINARY LIMIT ${limit}`
}
