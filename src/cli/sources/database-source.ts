import { realpathSync } from 'node:fs'
import { open, type Connection } from '../../entries/main.ts'
import { shadowTableName } from '../../entries/vec.ts'
import { inputError, usageError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { withFileName } from '../file-error.ts'
import { didYouMean } from '../nearest.ts'
import { shellWord } from '../shell-word.ts'
import { quoteName } from '../sql-names.ts'
import { vecMetric } from '../vec-metric.ts'
import { vecTableNames } from '../vec-tables.ts'
import type { DocumentSource } from './document.ts'
import { PlainTableSource, ROWID, tableKey } from './plain-table-source.ts'
import { hasIdField, namesFields, RecordMapper } from './record-mapper.ts'
import { holdsDocuments, ShadowSource } from './shadow-source.ts'
import { parseVec0, type Vec0Vector } from './vec0-schema.ts'
import { ID, VECTOR, Vec0Source } from './vec0-source.ts'
import { walSnapshot, type Snapshot } from './wal-snapshot.ts'

/**
 * A table of another SQLite file, or of the same one: a vec table, a vec0 table of sqlite-vec, or an ordinary one. The
 * file is only read, and stays as it is byte for byte.
 */
export async function databaseSource(
  context: Context,
  path: string,
  target: { readonly path: string; readonly table: string },
): Promise<DocumentSource> {
  const own = realpathSync(path) === realpathSync(target.path)
  const snapshot = await walSnapshot(path)
  let db: Connection | undefined
  try {
    db = snapshot
      ? await open(snapshot.path, { exclusive: true, create: false, register: false })
      : await open(path, { readonly: true, create: false, register: false })
    return framed(sourceIn(context, db, path, own ? target.table : undefined), path, snapshot)
  } catch (error) {
    db?.close()
    snapshot?.discard()
    throw withFileName(error, path)
  }
}

/** Errors name the file, and its copy goes when its reader does. */
function framed(
  source: DocumentSource,
  path: string,
  snapshot: Snapshot | undefined,
): DocumentSource {
  const close = source.close.bind(source)
  const documents = source.documents.bind(source)
  source.close = () => {
    close()
    snapshot?.discard()
  }
  source.documents = async function* () {
    try {
      yield* documents()
    } catch (error) {
      throw withFileName(error, path)
    }
  }
  return source
}

function sourceIn(
  context: Context,
  db: Connection,
  path: string,
  target: string | undefined,
): DocumentSource {
  const vec0 = vec0Tables(db)
  const vec = vecTableNames(db).filter(name => name !== target)
  const names = [...vec, ...vec0.keys()]
  const wanted = context.flags.text('from-table')
  if (wanted === undefined && names.length !== 1) throw whichTable(db, path, names, target)
  const name = wanted === undefined ? names[0] : tableNamed(db, path, wanted)
  const sql = vec0.get(name)
  if (sql !== undefined) return vec0Source(context, db, path, name, sql)
  if (name === target) throw usageError(`${name} is the table that is imported into`)
  const isVec = vec.includes(name)
  const table = isVec ? shadowTableName(name) : name
  const columns = columnsOf(db, table)
  if (columns.length === 0) {
    throw inputError(
      `${path}: the documents of ${name} are in another file: there is no table ${table} here`,
      'import from the file that its dbpath names, with --from-table',
    )
  }
  if (holdsDocuments(columns) && !namesFields(context.flags)) {
    return new ShadowSource(db, path, table, isVec ? vecMetric(db, name) : undefined)
  }
  return plainSource(context, db, path, table, columns)
}

function plainSource(
  context: Context,
  db: Connection,
  path: string,
  table: string,
  columns: readonly string[],
): DocumentSource {
  const key = tableKey(db, table)
  const byRowid = key.isRowid && !context.flags.has('id-field') && !hasIdField(columns)
  const mapper = new RecordMapper(context.flags, byRowid ? { id: ROWID } : {})
  return new PlainTableSource(db, path, table, columns, key, mapper, byRowid)
}

function whichTable(
  db: Connection,
  path: string,
  names: readonly string[],
  target: string | undefined,
): Error {
  if (names.length > 0) {
    return usageError(
      `${path} has ${names.length} tables to import from: ${names.join(', ')}`,
      `name one of them with --from-table, for instance --from-table ${shellWord(names[0])}`,
    )
  }
  // The columns of a virtual table cannot be asked for: its module may not be here.
  const others = objectNames(db).filter(
    ({ type, name, virtual }) => type === 'table' && virtual === 0 && !isInternal(name),
  )
  const some = others.slice(0, 20).map(({ name }) => `${name}(${columnsOf(db, name).join(', ')})`)
  return inputError(
    target === undefined
      ? `${path} has no vec table and no vec0 table`
      : `${path} has no vec table besides ${target}, which is imported into, and no vec0 table`,
    some.length === 0 && target !== undefined
      ? `name its documents to copy them into another dataset: --from-table ${shellWord(shadowTableName(target))}`
      : some.length === 0
        ? 'there is no other table in it: check the path; --format says what else the file is'
        : `name the table to read with --from-table; there are ${some.join(', ')}`,
  )
}

/** The table of that name as SQLite finds it: upper and lower case are the same. */
function tableNamed(db: Connection, path: string, wanted: string): string {
  const objects = objectNames(db)
  const found = objects.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())
  if (found?.type === 'table') return found.name
  if (found) {
    throw inputError(
      `${path}: ${found.name} is a view: tables are read`,
      `make a table of it: CREATE TABLE other AS SELECT * FROM ${quoteName(found.name)}`,
    )
  }
  const names = objects.filter(({ type }) => type === 'table').map(({ name }) => name)
  throw inputError(
    `${path} has no table ${wanted}${didYouMean(wanted, names)}`,
    `its tables are ${names.filter(name => !isInternal(name)).join(', ') || 'none'}`,
  )
}

interface SchemaObject {
  readonly type: 'table' | 'view'
  readonly name: string
  readonly virtual: 0 | 1
}

function objectNames(db: Connection): SchemaObject[] {
  const statement = db.prepare(
    "SELECT type, name, sql LIKE 'CREATE VIRTUAL%' AS virtual FROM main.sqlite_schema WHERE type IN ('table', 'view') ORDER BY name",
  )
  try {
    return statement.all() as unknown as SchemaObject[]
  } finally {
    statement.finalize()
  }
}

function isInternal(name: string): boolean {
  return /^(sqlite_|vector_storage|_vec_|vec_journal)/.test(name)
}

function columnsOf(db: Connection, table: string): string[] {
  const info = db.prepare('SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1').pluck()
  try {
    return info.all(table) as string[]
  } finally {
    info.finalize()
  }
}

/** Names and declarations. */
function vec0Tables(db: Connection): Map<string, string> {
  const rows = db
    .prepare("SELECT name, sql FROM main.sqlite_schema WHERE type = 'table' ORDER BY name")
    .raw()
    .all() as [string, string][]
  return new Map(rows.filter(([, sql]) => /^create\s+virtual\s.*?\susing\s+vec0\b/is.test(sql)))
}

function vec0Source(
  context: Context,
  db: Connection,
  path: string,
  table: string,
  sql: string,
): DocumentSource {
  const schema = parseVec0(sql, table)
  const vector = chosenVector(context, table, schema.vectors)
  if (vector.element === 'bit') {
    throw inputError(
      `${vector.name} of ${table} is bit[${vector.dim}]: bits are not imported, float32 and int8 are`,
      'keep the float vectors that the bits were made of',
    )
  }
  const mapper = new RecordMapper(context.flags, { id: ID, embedding: VECTOR })
  return new Vec0Source(db, path, table, schema, vector, mapper)
}

function chosenVector(context: Context, table: string, vectors: readonly Vec0Vector[]): Vec0Vector {
  const names = vectors.map(vector => vector.name)
  const wanted = context.flags.text('vector-column')
  if (wanted !== undefined) {
    const found = vectors.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())
    if (found) return found
    throw usageError(
      `${table} has no vector column '${wanted}'${didYouMean(wanted, names)}`,
      `its vector columns are ${names.join(', ')}`,
    )
  }
  const usable = vectors.filter(vector => vector.element === 'float')
  if (vectors.length === 1) return vectors[0]
  if (usable.length === 1) return usable[0]
  throw usageError(
    `${table} has ${vectors.length} vector columns: ${names.join(', ')}`,
    'name one of them with --vector-column',
  )
}
