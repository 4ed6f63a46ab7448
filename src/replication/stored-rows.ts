import { COLUMN } from '../search/schema/columns.ts'
import { doubleQuoted as q } from './sync-names.ts'

/**
 * SQLite stores a bound value in its own type, whatever type the column declares: an id may be a BLOB, an embedding
 * TEXT. A cast makes such a row look right, but a search does not find it. These statements look at the stored type.
 */

/** [] -> bytes: how a file encodes text. Builds without UTF-16 do not have PRAGMA encoding. */
export const LETTER_BYTES = `SELECT hex(CAST('a' AS BLOB)) AS bytes`

export const UTF8_LETTER = '61'

/** Compares in byte order, whatever collation the column declares. */
export const OF_DATASET: string = `${COLUMN.dataset} = ? COLLATE BINARY`

/** An id is TEXT. In SQLite's order, all TEXT comes after numbers and before BLOBs. */
const TEXT_ID = `${COLUMN.id} COLLATE BINARY >= '' AND ${COLUMN.id} < x''`

const otherThanText = (column: string): string =>
  `(${column} IS NULL OR ${column} < '' OR ${column} >= x'')`

/** Rows whose key only looks like a key of the dataset: [dataset, dataset]. */
const STRAY = `((${OF_DATASET} AND ${otherThanText(COLUMN.id)})
  OR (${otherThanText(COLUMN.dataset)} AND coalesce(CAST(${COLUMN.dataset} AS TEXT), '') = ? COLLATE BINARY))`

const stored = (column: string, ...classes: readonly string[]): string =>
  `WHEN typeof(${column}) NOT IN (${classes.map(name => `'${name}'`).join(', ')})
    THEN '${column} is stored as ' || upper(typeof(${column}))`

/** The columns that a checksum covers, beside `archived`. */
const BYTES = [COLUMN.id, COLUMN.content, COLUMN.meta, COLUMN.embedding, COLUMN.model]

/**
 * [last change, dataset] -> id and the other columns as bytes, archived as text, flaw: why a replicator would not
 * have written the row in this form, or NULL. A row numbered beyond the last change would refuse later changes.
 */
export function storedRows(table: string): string {
  return `SELECT ${BYTES.map(column => `CAST(${column} AS BLOB) AS ${column}`).join(', ')},
  CAST(${COLUMN.archived} AS TEXT) AS ${COLUMN.archived},
  CASE ${stored(COLUMN.content, 'text', 'null')}
    ${stored(COLUMN.meta, 'text', 'null')}
    ${stored(COLUMN.embedding, 'blob', 'null')}
    ${stored(COLUMN.model, 'text', 'null')}
    ${stored(COLUMN.archived, 'integer')}
    ${stored(COLUMN.scn, 'integer')}
    WHEN ${COLUMN.scn} > ? THEN '${COLUMN.scn} is ' || ${COLUMN.scn} || ', beyond the last change'
  END AS flaw
FROM ${q(table)} t WHERE ${OF_DATASET} AND ${TEXT_ID} ORDER BY t.${COLUMN.id} COLLATE BINARY`
}

/** [dataset, dataset] -> id as bytes, flaw. */
export function strayRows(table: string): string {
  return `SELECT CAST(${COLUMN.id} AS BLOB) AS id, CASE ${stored(COLUMN.id, 'text')} ${stored(COLUMN.dataset, 'text')} END AS flaw
FROM ${q(table)} WHERE ${STRAY}`
}

/** [dataset, dataset] */
export function deleteStrays(table: string): string {
  return `DELETE FROM ${q(table)} WHERE ${STRAY}`
}

/** [dataset, cursor] -> id as bytes, in byte order after the cursor. */
export function textIds(limit: number, table: string, inclusive: boolean, size: string): string {
  return `SELECT CAST(${COLUMN.id} AS BLOB) AS id, ${size} AS size FROM ${q(table)} t
WHERE ${OF_DATASET} AND t.${COLUMN.id} COLLATE BINARY ${inclusive ? '>=' : '>'} CAST(? AS TEXT) AND t.${COLUMN.id} < x''
ORDER BY t.${COLUMN.id} COLLATE BINARY LIMIT ${limit}`
}
