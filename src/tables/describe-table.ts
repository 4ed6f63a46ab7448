import { argumentError, requirePlainObject } from '../core/argument-error.ts'
import type { EmbeddingTypeName } from '../core/embedding-type.ts'
import { VecError } from '../core/errors.ts'
import type { Metric } from '../core/metric.ts'
import { requireDatabase } from '../database/require-database.ts'
import { COLUMN } from '../search/schema/columns.ts'
import { DatasetDimensions } from '../search/schema/dataset-dimension.ts'
import { datasetsOf } from '../search/schema/datasets.ts'
import { catalogOf, OF_DATASET, shadowTableName } from '../search/schema/names.ts'
import { ShadowTable } from '../search/schema/shadow-table.ts'
import type { StoredColumn } from '../search/schema/table-schema.ts'
import type { TextSpec } from '../search/schema/text-spec.ts'
import { WriteLayouts } from '../search/schema/write-layout.ts'
import type { Connection } from '../sqlite/connection.ts'
import { nameText } from '../sqlite/sql-text.ts'
import { findVecTable, requireVecTable } from './vec/find-vec-table.ts'
import { locate } from './vec/vec-location.ts'

export interface DatasetDescription {
  readonly name: string
  /** The number of rows, including those that no search finds; undefined if they were not counted. */
  readonly rows: number | undefined
  /** The dimension of the vectors; undefined when the dataset has none. */
  readonly dim: number | undefined
  /** The embedding model, if the rows name one. */
  readonly model: string | undefined
}

/** A column that a vec table declares for filters. */
export interface DeclaredColumn {
  readonly name: string
  readonly type: 'TEXT' | 'INTEGER' | 'REAL' | 'JSON'
  /** The path in `meta` from which the column is read, such as '$.lang'; undefined for a stored column. */
  readonly from: string | undefined
}

/** A vec table: the arguments of CREATE VIRTUAL TABLE, and the content. */
export interface TableDescription {
  readonly name: string
  readonly schema: string
  /** The id column. */
  readonly column: string
  readonly metric: Metric
  /** The option `index`: 'auto', 'brute' or 'cover'. */
  readonly index: string
  readonly includeArchived: boolean
  /** The option `type`: how embeddings are stored. */
  readonly type: EmbeddingTypeName
  /** The option `int8_range`: the number that `type=int8` stores as 127; undefined for other types. */
  readonly int8Range: number | undefined
  /** The option `dbpath`: the file with the documents, if it is another one. */
  readonly dbpath: string | undefined
  /** The declared columns, apart from the id. */
  readonly declared: readonly DeclaredColumn[]
  /** The options `text` and `tokenize`; undefined for a table without a text index. */
  readonly text: TextSpec | undefined
  /** The ordinary table with the documents, and its columns in lower case. */
  readonly shadow: string
  readonly columns: readonly string[]
  /** The datasets, in byte order of their names. */
  readonly datasets: readonly DatasetDescription[]
  /** Why the documents cannot be read: their table is missing, or is in a file that may not be opened. */
  readonly problem: string | undefined
}

export interface DescribeOptions {
  /** The schema of the table; default 'main'. */
  readonly schema?: string | undefined
  /** False: only the names of the datasets, which takes no time however many rows there are. */
  readonly counts?: boolean | undefined
}

/**
 * Describes a vec table and its content. The options are those that the table itself parsed. Throws VEC_QUERY when
 * there is no vec table of that name.
 *
 *     describeTable(db, 'docs').datasets // [{ name: 'words', rows: 117659, dim: 384, model: 'minilm' }]
 */
export function describeTable(
  db: Connection,
  table: string,
  options: DescribeOptions = {},
): TableDescription {
  requireDatabase('describeTable()', db)
  nameText(table, 'describeTable(): the name of the table')
  const { schema, counts } = readOptions('describeTable()', options)
  const exact = vecTableNames(db, { schema }).find(
    name => name.toLowerCase() === table.toLowerCase(),
  )
  const name = exact ?? table
  const { options: made } = requireVecTable(db, name, schema)
  const { column, metric, index, includeArchived, dbpath, text } = made
  const declared = made.metadata.map(declaredColumn)
  const shadow = shadowTableName(name)
  const common = {
    name,
    schema,
    column,
    metric,
    index,
    includeArchived,
    type: made.type.name,
    int8Range: made.type.range,
    dbpath,
    declared,
    text,
    shadow,
  }
  let documents: ShadowTable | undefined
  try {
    const location = locate(db, schema, dbpath)
    documents = new ShadowTable(location.db, location.schema, shadow, includeArchived)
    const columns = [...documents.refresh().columns]
    return { ...common, columns, datasets: datasets(documents, counts), problem: undefined }
  } catch (error) {
    const expected = error instanceof VecError && /^VEC_(SHADOW|OPTION)$/.test(error.code)
    if (!expected) throw error
    return { ...common, columns: [], datasets: [], problem: error.message }
  } finally {
    documents?.dispose()
  }
}

/**
 * The names of the vec tables of a schema, in alphabetical order.
 *
 *     vecTableNames(db) // ['docs', 'images']
 */
export function vecTableNames(
  db: Connection,
  options: Pick<DescribeOptions, 'schema'> = {},
): string[] {
  requireDatabase('vecTableNames()', db)
  const { schema } = readOptions('vecTableNames()', options)
  using statement = db.prepare(
    `SELECT name FROM ${catalogOf(schema)} WHERE type = 'table' AND rootpage = 0 ORDER BY name`,
  )
  const names = statement.pluck().all() as string[]
  return names.filter(name => {
    try {
      return findVecTable(db, name, schema) !== undefined
    } catch (error) {
      // The module is missing, or the table does not have our columns: SQLite's error. Errors of a vec table have
      // codes of their own.
      return error instanceof VecError && error.code.startsWith('VEC_')
    }
  })
}

function declaredColumn({ stored, type, json, from }: StoredColumn): DeclaredColumn {
  // A metadata column is never a BLOB.
  return { name: stored, type: json ? 'JSON' : (type as DeclaredColumn['type']), from }
}

function datasets(shadow: ShadowTable, counts: boolean): DatasetDescription[] {
  const names = datasetsOf(shadow)
  if (!counts) {
    return names.map(name => ({ name, rows: undefined, dim: undefined, model: undefined }))
  }
  const layout = new WriteLayouts(shadow).current
  const dimensions = new DatasetDimensions(shadow)
  const named = `SELECT CAST(${COLUMN.model} AS TEXT) FROM {table} WHERE ${OF_DATASET} AND ${COLUMN.model} <> '' AND length(${COLUMN.embedding}) > 0 LIMIT 1`
  return names.map(name => ({
    name,
    rows: shadow.first(`SELECT count(*) FROM {table} WHERE ${OF_DATASET}`, [name], row =>
      row.number(0),
    ),
    dim: dimensions.required(layout, name, 0, null) || undefined,
    model: layout.columns.has(COLUMN.model)
      ? shadow.first(named, [name], row => row.text(0))
      : undefined,
  }))
}

function readOptions(
  where: string,
  options: DescribeOptions,
): { readonly schema: string; readonly counts: boolean } {
  requirePlainObject(where, 'options', options, 'an object')
  const { schema = 'main', counts = true } = options
  if (typeof counts !== 'boolean') {
    throw argumentError(where, 'options.counts', counts, 'true or false')
  }
  return { schema: nameText(schema, `${where}: the name of the schema`), counts }
}
