import type { EmbeddingType } from '../../core/embedding-type.ts'
import { VecError } from '../../core/errors.ts'
import { eachRow, scalar, texts } from '../../database/query.ts'
import { lowerCase, type DocumentColumns } from './document-columns.ts'
import type { ForeignIndexes, TablePlace } from './foreign-indexes.ts'
import {
  GUARD_TRIGGERS,
  JOURNAL_TABLES,
  journalTriggers,
  storedText,
  triggerName,
  watchedIn,
  type SchemaObject,
} from './layout.ts'
import { textTableName } from './names.ts'
import { requireType } from './stored-type.ts'
import { isWatched, SHADOW, SHADOW_COLUMNS, type Affinity } from './table-schema.ts'

/** A table, with the roles of its columns. */
interface NamedTable extends TablePlace {
  readonly documents: DocumentColumns
  readonly key: string
  readonly foreign: ForeignIndexes
  /** The text that the schema stores for a table or trigger. */
  storedSql(name: string): string | undefined
}

/** The facts in the schema about a table with documents. */
export interface Shape {
  /** The names in lower case. */
  readonly columns: ReadonlySet<string>
  /** The declared type of each column, by the same names. */
  readonly types: ReadonlyMap<string, string>
  /** How the embeddings are stored. */
  readonly type: EmbeddingType
  /** The text of CREATE TABLE. While it is unchanged, so is the meaning of each column. */
  readonly definition: string
  /** A name of the rowid; undefined for WITHOUT ROWID, or if all names are used by columns. */
  readonly rowid: string | undefined
  /** Whether the key, such as (dataset_id, id), identifies at most one row. */
  readonly unique: boolean
  readonly triggers: readonly SchemaObject[]
  /** Whether the journal and its triggers exist, word for word, so that changes of vectors and keys have entries. */
  readonly journaled: boolean
  /**
   * Whether changes of what filters read have entries, too. Triggers of earlier versions do not watch these columns.
   */
  readonly filterable: boolean
  /**
   * Whether the file has a text index of the table. `filterable` then means that changes of content have entries, too.
   */
  readonly textIndexed: boolean
  /** Triggers that are sufficient for searches without a filter, or without words. */
  readonly olderTriggers: readonly SchemaObject[]
}

/** Throws VEC_SHADOW for a table that does not exist or lacks a column. */
export function readShape(shadow: NamedTable): Shape {
  const { db, schema, name, documents } = shadow
  const withoutRowid = scalar(
    db,
    `SELECT wr FROM pragma_table_list WHERE schema = ? AND name = ? AND type = 'table'`,
    schema,
    name,
  )
  if (withoutRowid === undefined) throw noTable(shadow)
  const types = new Map<string, string>()
  eachRow(db, 'SELECT lower(name), type FROM pragma_table_xinfo(?, ?)', [name, schema], row => {
    types.set(row.text(0), row.text(1))
  })
  const columns = new Set(types.keys())
  const definition = shadow.storedSql(name) ?? ''
  const missing = documents.required.filter(column => !columns.has(column))
  if (missing.length > 0) throw noColumns(shadow, missing, columns)
  const rowid =
    withoutRowid === 1 ? undefined : ['rowid', '_rowid_', 'oid'].find(alias => !columns.has(alias))
  const { unique, indexed } = uniqueColumns(shadow)
  const textIndexed = shadow.storedSql(textTableName(name)) !== undefined
  const { watched, older } = documents.standard
    ? watchedOfShadow(columns, indexed, textIndexed)
    : watchedOfTable(shadow, columns, indexed)
  const watching = (names: readonly string[]): SchemaObject[] =>
    journalTriggers({ name, documents, watched: names, rowid })
  const triggers = watching(watched)
  const olderSets = older.map(watching)
  const sound =
    has(shadow, [...JOURNAL_TABLES, ...GUARD_TRIGGERS]) &&
    shadow.foreign.triggers(shadow).length === 0
  const filterable = sound && has(shadow, triggers)
  const journaled = filterable || (sound && olderSets.some(objects => has(shadow, objects)))
  return {
    columns,
    types,
    type: requireType(
      `${shadow.schema}.${name}.${documents.roles.embedding}`,
      types.get(lowerCase(documents.roles.embedding)) ?? '',
    ),
    definition,
    rowid,
    unique,
    triggers,
    journaled,
    filterable,
    textIndexed,
    olderTriggers: olderSets.flat(),
  }
}

/** The affinity that SQLite derives from a declared type. */
export function affinityOf(type: string): Affinity {
  const upper = type.toUpperCase()
  if (upper.includes('INT')) return 'INTEGER'
  if (/CHAR|CLOB|TEXT/.test(upper)) return 'TEXT'
  if (upper === '' || upper.includes('BLOB')) return 'BLOB'
  return /REAL|FLOA|DOUB/.test(upper) ? 'REAL' : 'NUMERIC'
}

/** Columns whose changes are journaled, and those watched in earlier versions, or without a text index. */
interface Watched {
  readonly watched: readonly string[]
  readonly older: readonly (readonly string[])[]
}

/** All columns except those that cannot alter a result. Content counts if a text index covers it. */
function watchedOfShadow(
  columns: ReadonlySet<string>,
  indexed: ReadonlySet<string>,
  textIndexed: boolean,
): Watched {
  const watching = (content: boolean, meta: boolean): string[] =>
    [...columns].filter(column => {
      if (indexed.has(column)) return true
      if (column === SHADOW.content.stored) return content
      return column === SHADOW.meta.stored ? meta : isWatched(column)
    })
  return {
    watched: watching(textIndexed, true),
    older: [
      watching(!textIndexed, true),
      watching(textIndexed, false),
      watching(!textIndexed, false),
    ],
  }
}

/**
 * For a table with other uses: the columns that search needs, and those that the triggers already watch, for another
 * caller who filters by other columns.
 */
function watchedOfTable(
  shadow: NamedTable,
  columns: ReadonlySet<string>,
  indexed: ReadonlySet<string>,
): Watched {
  const { documents, key } = shadow
  const needed = new Set([...documents.required, ...indexed])
  const present = watchedIn(shadow.storedSql(triggerName(key, 'updated')))
  const wanted = new Set([...needed, ...documents.filtered, ...present])
  return {
    watched: [...columns].filter(column => wanted.has(column)),
    older: [[...columns].filter(column => needed.has(column) || present.has(column))],
  }
}

function has(shadow: NamedTable, objects: readonly SchemaObject[]): boolean {
  return objects.every(object => shadow.storedSql(object.name) === storedText(object))
}

/** Whether the key is unique, and all columns that a unique index covers. */
function uniqueColumns({ db, schema, name, documents }: NamedTable): {
  unique: boolean
  indexed: Set<string>
} {
  const indexes = new Map<string, { columns: string[]; partial: boolean }>()
  eachRow(
    db,
    `SELECT l.name, coalesce(lower(i.name), '(expression)'), l.partial
     FROM pragma_index_list(?1, ?2) AS l, pragma_index_info(l.name, ?2) AS i WHERE l."unique" = 1`,
    [name, schema],
    row => {
      const index = indexes.get(row.text(0)) ?? { columns: [], partial: row.number(2) === 1 }
      index.columns.push(row.text(1))
      indexes.set(row.text(0), index)
    },
  )
  const indexed = new Set([...indexes.values()].flatMap(index => index.columns))
  const primary = texts(
    db,
    'SELECT lower(name) FROM pragma_table_xinfo(?, ?) WHERE pk > 0',
    name,
    schema,
  )
  for (const column of primary) indexed.add(column)
  const key = new Set(documents.required.slice(0, documents.key.length))
  /** Whether a unique index on these columns makes the key unique. */
  const isKey = (names: readonly string[]): boolean =>
    names.length > 0 && names.every(column => key.has(column))
  const unique = isKey(primary) || [...indexes.values()].some(i => !i.partial && isKey(i.columns))
  return { unique, indexed }
}

function noTable({ schema, name, documents }: NamedTable): VecError {
  const who = documents.standard ? 'vec' : 'attach()'
  return new VecError('VEC_SHADOW', `${who}: no such table: ${schema}.${name}`, {
    hint: documents.standard
      ? `the documents of a vec table are stored in its shadow table: create ${name}(${SHADOW_COLUMNS.map(({ stored }) => stored).join(', ')}), or drop the vec table and create it again`
      : `create ${name} again, or attach to another table`,
  })
}

function noColumns(
  { schema, name, documents }: NamedTable,
  missing: readonly string[],
  columns: ReadonlySet<string>,
): VecError {
  const there = [...columns].join(', ')
  if (!documents.standard) {
    return new VecError(
      'VEC_SHADOW',
      `attach(): ${schema}.${name} lacks the column ${missing.join(', ')}: it has ${there}`,
      { hint: 'name columns of the table as dataset, id and embedding' },
    )
  }
  return new VecError(
    'VEC_SHADOW',
    `vec: no such column: ${missing.join(', ')}: the shadow table ${schema}.${name} needs ${documents.required.join(', ')}, it has ${there}`,
    {
      hint: `ALTER TABLE ${name} ADD COLUMN, or rename the table and let the vec table make its own`,
    },
  )
}
