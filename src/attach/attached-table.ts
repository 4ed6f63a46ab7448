import { VecError } from '../core/errors.ts'
import { METRIC_NAMES } from '../core/metric.ts'
import type { Database } from '../database/database.ts'
import { eachRow, firstRow } from '../database/query.ts'
import { INDEX_OPTIONS } from '../index/kinds.ts'
import { COLUMN } from '../search/schema/columns.ts'
import { quoteName, shadowTableName } from '../search/schema/names.ts'
import { ShadowTable } from '../search/schema/shadow-table.ts'
import { moduleUseOf } from '../tables/vec/declared-arguments.ts'
import { parseVecOptions, type VecOptions } from '../tables/vec/vec-options.ts'
import { originalIndexes } from '../viant/export/original-indexes.ts'
import type { AttachOptions } from './attach-options.ts'

/** What a name means: the table with the documents, and how its indexes are made. */
export interface AttachedTable {
  readonly shadow: ShadowTable
  readonly options: VecOptions
}

/** Looks for a vec table, or an ordinary table, of that name in the main file. */
export function attachedTable(db: Database, options: AttachOptions): AttachedTable {
  const { table } = options
  const found = kindOf(db, table)
  const args = found?.vec ?? argumentsOf(options)
  if (found?.vec) refuseOptions(options)
  const read = parseVecOptions(args, table)
  if (read.dbpath !== undefined) {
    throw new VecError('VEC_OPTION', `attach(): the documents of ${table} are in ${read.dbpath}`, {
      hint: 'attach to a handle of that file',
    })
  }
  const place = found && !found.vec ? found : kindOf(db, shadowTableName(found?.name ?? table))
  if (!place) throw noTable(table)
  const { name } = place
  if (!found?.vec) requireColumns(db, name)
  const shadow = new ShadowTable(db, 'main', name, read.includeArchived, originalIndexes)
  try {
    if (!shadow.refresh().unique) throw notUnique(name)
  } catch (error) {
    shadow.dispose()
    throw error
  }
  return { shadow, options: read }
}

/** A table under the name that the schema has for it; `vec`: the arguments of USING vec(...). */
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

/** What would be found by no search, or taken for other vectors, is refused. */
function requireColumns(db: Database, name: string): void {
  const types = new Map<string, string>()
  eachRow(db, `SELECT name, type FROM pragma_table_xinfo(?, 'main')`, [name], row => {
    types.set(row.text(0).toLowerCase(), row.text(1))
  })
  for (const column of [COLUMN.dataset, COLUMN.id]) {
    const type = types.get(column)
    if (type === undefined || !/INT|REAL|FLOA|DOUB|NUMERIC|DECIMAL/i.test(type)) continue
    throw new VecError(
      'VEC_SHADOW',
      `attach(): ${name}.${column} is ${type}, but keys must be TEXT`,
      {
        hint: `copy the rows to a table where ${column} is TEXT, and keep it up to date with triggers`,
      },
    )
  }
  if (!types.has(COLUMN.embedding)) return
  const sql = `SELECT ${COLUMN.embedding} FROM (SELECT ${COLUMN.embedding} FROM main.${quoteName(name)} LIMIT 1000)
    WHERE typeof(${COLUMN.embedding}) = 'text' LIMIT 1`
  const text = firstRow(db, sql, [], row => row.text(0))
  if (text === undefined || !/^\s*\[[-+.,\deE\s]*\]\s*$/.test(text)) return
  throw new VecError(
    'VEC_SHADOW',
    `attach(): the embeddings of ${name} are JSON text: expected float32 BLOBs`,
    {
      hint: `store each as a BLOB: Buffer.from(new Float32Array(JSON.parse(text)).buffer)`,
    },
  )
}

/** `name=value` for USING vec(...). */
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

function refuseOptions({ table, metric, index, includeArchived }: AttachOptions): void {
  if ([metric, index, includeArchived].every(option => option === undefined)) return
  throw new VecError('VEC_OPTION', `attach(): ${table} is a vec table, with options of its own`, {
    hint: 'leave out metric, index and includeArchived',
  })
}

function noTable(table: string): VecError {
  return new VecError('VEC_SHADOW', `attach(): there is no table ${table}`, {
    hint: `CREATE TABLE ${quoteName(table)}(${COLUMN.dataset} TEXT, ${COLUMN.id} TEXT, ${COLUMN.content} TEXT, ${COLUMN.meta} TEXT, ${COLUMN.embedding} BLOB, PRIMARY KEY (${COLUMN.dataset}, ${COLUMN.id}))`,
  })
}

function otherTable(name: string, what: string): VecError {
  return new VecError('VEC_SHADOW', `attach(): ${name} is ${what}: expected a table of documents`, {
    hint: 'pass a vec table, or an ordinary table with the columns dataset_id, id and embedding',
  })
}

function notUnique(name: string): VecError {
  return new VecError('VEC_SHADOW', `attach(): ${name} lacks a unique key on (dataset_id, id)`, {
    hint: `CREATE UNIQUE INDEX ${quoteName(`${name}_key`)} ON ${quoteName(name)}(dataset_id, id)`,
  })
}
