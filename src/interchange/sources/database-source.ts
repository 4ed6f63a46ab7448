import { withFileName } from '../../core/file-error.ts'
import { doubleQuoted } from '../../core/quote.ts'
import { shellWord } from '../../core/shell-word.ts'
import { didYouMean } from '../../core/suggest.ts'
import { shadowTableName } from '../../search/schema/names.ts'
import type { Connection } from '../../sqlite/connection.ts'
import { describeTable, vecTableNames, type DeclaredColumn } from '../../tables/describe-table.ts'
import { open } from '../../tables/register.ts'
import type { DocumentSource } from '../document.ts'
import { optionError, optionText, sourceError } from '../interchange-error.ts'
import { PlainTableSource, ROWID, tableKey } from './plain-table-source.ts'
import { hasIdField, namesFields, RecordMapper, type RecordOptions } from './record-mapper.ts'
import { holdsDocuments, ShadowSource } from './shadow-source.ts'
import { parseVec0, type Vec0Vector } from './vec0-schema.ts'
import { ID, VECTOR, Vec0Source } from './vec0-source.ts'
import { walSnapshot, type Snapshot } from './wal-snapshot.ts'

/** The table of a SQLite file to read. */
export interface TableChoice extends RecordOptions {
  /** sqlite: the table to read. It may be omitted if the file has exactly one vec table or vec0 table. */
  readonly fromTable?: string | undefined
  /** sqlite: the vector column of a vec0 table that has several. */
  readonly vectorColumn?: string | undefined
}

/** The vec table that receives the documents. */
export interface TargetTable {
  readonly db: Connection
  readonly table: string
  /** Its stored declared columns. */
  readonly columns: readonly DeclaredColumn[]
}

/**
 * A table of another SQLite file, or of the same one: a vec table, a vec0 table of sqlite-vec, or an ordinary one.
 * The file is only read, and stays unchanged byte for byte.
 */
export async function databaseSource(
  options: TableChoice,
  path: string,
  target: TargetTable,
  embeds: boolean,
): Promise<DocumentSource> {
  const own = target.db.keyOfFile(path) === target.db.fileKey()
  const snapshot = await walSnapshot(path)
  let db: Connection | undefined
  try {
    db = snapshot
      ? await open(snapshot.path, { exclusive: true, create: false })
      : await open(path, { readonly: true, create: false })
    const file: SourceFile = {
      db,
      path,
      target: own ? target.table : undefined,
      columns: target.columns,
    }
    return framed(sourceIn(options, file, embeds), path, snapshot)
  } catch (error) {
    db?.close()
    snapshot?.discard()
    throw withFileName(error, path)
  }
}

interface SourceFile {
  readonly db: Connection
  readonly path: string
  /** The table that receives the documents, if it is in this file. */
  readonly target: string | undefined
  /** The stored declared columns of that table. */
  readonly columns: readonly DeclaredColumn[]
}

/** Makes errors name the file, and removes its copy when its reader closes. */
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

function sourceIn(options: TableChoice, file: SourceFile, embeds: boolean): DocumentSource {
  const { db, path, target, columns: declared } = file
  const objects = objectsIn(db)
  const vec0 = new Map(objects.filter(({ sql }) => VEC0.test(sql)).map(o => [o.name, o.sql]))
  const vec = vecTableNames(db).filter(name => name !== target)
  const names = [...vec, ...vec0.keys()]
  const wanted = options.fromTable
  if (wanted === undefined && names.length !== 1) throw whichTable(file, objects, names)
  const name = wanted === undefined ? names[0] : tableNamed(path, objects, wanted)
  const sql = vec0.get(name)
  if (sql !== undefined) return vec0Source(options, file, name, sql, embeds)
  if (name === target) {
    throw optionError('fromTable', `${name} is the target of this import`)
  }
  const isVec = vec.includes(name)
  const table = isVec ? shadowTableName(name) : name
  const columns = columnsOf(db, table)
  if (columns.length === 0) {
    throw sourceError(
      `${path}: the documents of ${name} are in another file: there is no table ${table} here`,
      `import from the file in its dbpath, with ${optionText('fromTable')}`,
    )
  }
  if (holdsDocuments(columns) && !namesFields(options)) {
    const metric = isVec ? describeTable(db, name, { counts: false }).metric : undefined
    return new ShadowSource(db, path, table, columns, metric, declared)
  }
  const key = tableKey(db, table)
  const byRowid = key.isRowid && options.fields?.id === undefined && !hasIdField(columns)
  const mapper = new RecordMapper(options, embeds, {
    known: byRowid ? { id: ROWID } : {},
    columns: declared,
    typing: 'untyped',
  })
  return new PlainTableSource(db, path, table, columns, key, mapper, byRowid)
}

function whichTable(
  { db, path, target }: SourceFile,
  objects: readonly SchemaObject[],
  names: readonly string[],
): Error {
  if (names.length > 0) {
    return optionError(
      'fromTable',
      `${path} has ${names.length} tables to import from: ${names.join(', ')}`,
      `choose one, for example ${optionText('fromTable', names[0])}`,
    )
  }
  // The columns of a virtual table cannot be queried: its module may be missing.
  const others = objects.filter(
    ({ type, name, sql }) => type === 'table' && !/^CREATE VIRTUAL/i.test(sql) && !isInternal(name),
  )
  const some = others.slice(0, 20).map(({ name }) => `${name}(${columnsOf(db, name).join(', ')})`)
  return sourceError(
    target === undefined
      ? `${path} contains neither a vec table nor a vec0 table`
      : `${path} contains neither a vec0 table nor another vec table besides ${target}, the target of this import`,
    some.length === 0 && target !== undefined
      ? `name its documents to copy them into another dataset: ${optionText('fromTable', shadowTableName(target))}`
      : some.length === 0
        ? `there is no other table in it: check the path ${shellWord(path)}, or set another format: ${optionText('format')}`
        : `name the table to read: ${optionText('fromTable')}; there are ${some.join(', ')}`,
  )
}

/** The table of that name as SQLite finds it: case does not matter. */
function tableNamed(path: string, objects: readonly SchemaObject[], wanted: string): string {
  const found = objects.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())
  if (found?.type === 'table') return found.name
  if (found) {
    throw sourceError(
      `${path}: ${found.name} is a view, which cannot be imported`,
      `copy it to a table: CREATE TABLE other AS SELECT * FROM ${doubleQuoted(found.name)}`,
    )
  }
  const names = objects.filter(({ type }) => type === 'table').map(({ name }) => name)
  throw sourceError(
    `there is no table ${wanted} in ${path}${didYouMean(wanted, names)}`,
    `its tables are ${names.filter(name => !isInternal(name)).join(', ') || 'none'}`,
  )
}

interface SchemaObject {
  readonly type: 'table' | 'view'
  readonly name: string
  readonly sql: string
}

/** The module of sqlite-vec, which is not loaded: only the text of CREATE VIRTUAL TABLE describes its tables. */
const VEC0 = /^create\s+virtual\s.*?\susing\s+vec0\b/is

function objectsIn(db: Connection): SchemaObject[] {
  using statement = db.prepare(
    "SELECT type, name, coalesce(sql, '') AS sql FROM main.sqlite_schema WHERE type IN ('table', 'view') ORDER BY name",
  )
  return statement.all() as unknown as SchemaObject[]
}

function isInternal(name: string): boolean {
  return /^(sqlite_|vector_storage|_vec_|vec_journal)/.test(name)
}

function columnsOf(db: Connection, table: string): string[] {
  using info = db.prepare('SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1')
  return info.pluck().all(table) as string[]
}

function vec0Source(
  options: TableChoice,
  { db, path, columns }: SourceFile,
  table: string,
  sql: string,
  embeds: boolean,
): DocumentSource {
  const schema = parseVec0(sql, table)
  const vector = chosenVector(options.vectorColumn, table, schema.vectors)
  if (vector.element === 'bit') {
    throw sourceError(
      `${vector.name} of ${table} is bit[${vector.dim}]: expected float32 or int8`,
      'import the float vectors that the bits were computed from',
    )
  }
  const mapper = new RecordMapper(options, embeds, {
    known: { id: ID, embedding: VECTOR },
    columns,
    typing: 'untyped',
  })
  return new Vec0Source(db, path, table, schema, vector, mapper)
}

function chosenVector(
  wanted: string | undefined,
  table: string,
  vectors: readonly Vec0Vector[],
): Vec0Vector {
  const names = vectors.map(vector => vector.name)
  if (wanted !== undefined) {
    const found = vectors.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())
    if (found) return found
    throw optionError(
      'vectorColumn',
      `there is no vector column '${wanted}' in ${table}${didYouMean(wanted, names)}`,
      `its vector columns are ${names.join(', ')}`,
    )
  }
  const usable = vectors.filter(vector => vector.element === 'float')
  if (vectors.length === 1) return vectors[0]
  if (usable.length === 1) return usable[0]
  throw optionError(
    'vectorColumn',
    `${table} has ${vectors.length} vector columns: ${names.join(', ')}`,
    `choose one: ${optionText('vectorColumn')}`,
  )
}
