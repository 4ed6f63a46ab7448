import { F32 } from '../core/embedding-type.ts'
import { VecError } from '../core/errors.ts'
import type { Filter } from '../core/filter/filter.ts'
import { METRIC_NAMES } from '../core/metric.ts'
import type { Database } from '../database/database.ts'
import { firstRow, texts } from '../database/query.ts'
import { INDEX_OPTIONS } from '../index/kinds.ts'
import type { SearchFilter } from '../search/query/search-filter.ts'
import { SHADOW_DOCUMENTS, type DocumentColumns } from '../search/schema/document-columns.ts'
import { NO_FOREIGN_INDEXES } from '../search/schema/foreign-indexes.ts'
import { quoteName, shadowTableName } from '../search/schema/names.ts'
import { ShadowTable } from '../search/schema/shadow-table.ts'
import type { StoredColumn } from '../search/schema/table-schema.ts'
import { moduleUseOf } from '../tables/vec/declared-arguments.ts'
import { parseVecOptions, type VecOptions } from '../tables/vec/vec-options.ts'
import { originalIndexes } from '../viant/export/original-indexes.ts'
import { ApplicationTable, isOwn } from './application-table.ts'
import type { AttachOptions } from './attach-options.ts'
import { filterOfTable, filterOfVecTable, metadataColumns } from './attached-filter.ts'
import { requireFloat32 } from './float32-sample.ts'

/** The table with the documents, and the specification of its indexes. */
export interface AttachedTable {
  readonly shadow: ShadowTable
  readonly options: VecOptions
  /** What filters read, and is kept beside the indexes. */
  readonly columns: readonly StoredColumn[]
  filterOf(this: void, filter: Filter): SearchFilter
}

/** Looks up a vec table, or an ordinary table, of that name in the main file. */
export function attachedTable(db: Database, options: AttachOptions): AttachedTable {
  const { table } = options
  const found = kindOf(db, table)
  const args = found?.vec ?? argumentsOf(options)
  if (found?.vec) refuseOptions(options)
  const read = parseVecOptions(args, table)
  if (read.dbpath !== undefined) {
    throw new VecError('VEC_OPTION', `attach(): the documents of ${table} are in ${read.dbpath}`, {
      hint: 'attach to a handle on that file',
    })
  }
  const place = found && !found.vec ? found : kindOf(db, shadowTableName(found?.name ?? table))
  if (!place) throw noTable(options)
  const { name } = place
  const documents = found?.vec
    ? SHADOW_DOCUMENTS
    : new ApplicationTable(db, name).documents(options)
  const foreign = documents.standard ? originalIndexes : NO_FOREIGN_INDEXES
  const shadow = new ShadowTable(db, 'main', name, read.includeArchived, foreign, documents)
  try {
    const { type, unique } = shadow.refresh()
    if (!unique) throw notUnique(db, name, documents)
    if (!found?.vec && type === F32) requireFloat32(db, name, documents.roles.embedding)
  } catch (error) {
    shadow.dispose()
    throw error
  }
  const columns = found?.vec ? read.metadata : metadataColumns(shadow)
  const filterOf = found?.vec ? filterOfVecTable : filterOfTable
  return { shadow, options: read, columns, filterOf: filter => filterOf(filter, shadow, columns) }
}

/** A table under its name in the schema. `vec`: the arguments of USING vec(...). */
interface Found {
  readonly name: string
  readonly vec: readonly string[] | undefined
}

function kindOf(db: Database, name: string): Found | undefined {
  const sql = `SELECT type, sql, name FROM main.sqlite_schema WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')`
  return firstRow(db, sql, [name], row => {
    if (row.text(0) === 'view') throw otherTable(name, 'a view')
    const use = moduleUseOf(row.text(1))
    if (!use) return { name: row.text(2), vec: undefined }
    if (use.module !== 'vec') throw otherTable(name, `a table of ${use.module}`)
    return { name: row.text(2), vec: use.args }
  })
}

/** The argument `name=value` for USING vec(...). */
function known(name: string, value: string | undefined, words: readonly string[]): string[] {
  if (value === undefined) return []
  if (words.includes(value)) return [`${name}=${value}`]
  throw new RangeError(
    `attach(): options.${name} is ${JSON.stringify(value)}: expected one of ${words.join(', ')}`,
  )
}

function argumentsOf({ metric, index, includeArchived }: AttachOptions): string[] {
  return [
    'id',
    ...known('metric', metric, Object.keys(METRIC_NAMES)),
    ...known('index', index, INDEX_OPTIONS),
    ...(includeArchived === true ? ['include_archived=1'] : []),
  ]
}

function refuseOptions(options: AttachOptions): void {
  const { table, metric, index, includeArchived } = options
  if (!isOwn(options) && [metric, index, includeArchived].every(option => option === undefined)) {
    return
  }
  throw new VecError(
    'VEC_OPTION',
    `attach(): ${table} is a vec table, with columns and options of its own`,
    { hint: 'give its name alone: attach(db, { table })' },
  )
}

function noTable({ table, id = 'id', embedding = 'embedding' }: AttachOptions): VecError {
  return new VecError('VEC_SHADOW', `attach(): there is no table ${table}`, {
    hint: `CREATE TABLE ${quoteName(table)}(${quoteName(id)} INTEGER PRIMARY KEY, ${quoteName(embedding)} BLOB)`,
  })
}

function otherTable(name: string, what: string): VecError {
  return new VecError('VEC_SHADOW', `attach(): ${name} is ${what}, not a table of documents`, {
    hint: 'name a vec table, or an ordinary table with a unique key and a column of vectors',
  })
}

function notUnique(db: Database, name: string, documents: DocumentColumns): VecError {
  const { key } = documents
  const names = key.map(quoteName).join(', ')
  const primary = texts(
    db,
    `SELECT name FROM pragma_table_info(?, 'main') WHERE pk > 0 ORDER BY pk`,
    name,
  )
  const [first] = primary
  const other =
    primary.length === 2 && primary.includes(documents.roles.id.name)
      ? `; or give the rest of the primary key as dataset: '${primary.find(column => column !== documents.roles.id.name) ?? first}'`
      : primary.length > 2
        ? `; a primary key of ${primary.length} columns (${primary.join(', ')}) names a row by more than a dataset and an id`
        : ''
  return new VecError('VEC_SHADOW', `attach(): ${name} lacks a unique key on (${key.join(', ')})`, {
    hint: `CREATE UNIQUE INDEX ${quoteName(`${name}_key`)} ON ${quoteName(name)}(${names})${other}`,
  })
}
