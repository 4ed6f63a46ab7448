import { realpathSync } from 'node:fs'
import { open, type Connection } from '../../main.ts'
import { shadowTableName } from '../../vec.ts'
import { inputError, usageError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { didYouMean } from '../nearest.ts'
import { vecMetric } from '../vec-metric.ts'
import { vecTableNames } from '../vec-tables.ts'
import type { DocumentSource } from './document.ts'
import { RecordMapper } from './record-mapper.ts'
import { ShadowSource } from './shadow-source.ts'
import { parseVec0, type Vec0Vector } from './vec0-schema.ts'
import { ID, VECTOR, Vec0Source } from './vec0-source.ts'

/** A table of another SQLite file, or of the same one: a vec table, or a vec0 table of sqlite-vec. */
export async function databaseSource(
  context: Context,
  path: string,
  target: { readonly path: string; readonly table: string },
): Promise<DocumentSource> {
  const own = realpathSync(path) === realpathSync(target.path)
  const db = await open(path, {
    // A file of its own does not change under the reading when it is only read; WAL needs the file alone.
    readonly: !context.flags.on('exclusive'),
    exclusive: context.flags.on('exclusive') && !own,
    create: false,
    register: false,
  })
  try {
    return sourceIn(context, db, path, own ? target.table : undefined)
  } catch (error) {
    db.close()
    throw error
  }
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
  if (wanted === undefined && names.length !== 1) {
    if (names.length === 0) {
      throw inputError(
        `${path} has no vec table and no vec0 table`,
        'name a table with dataset_id, id and embedding: --from-table',
      )
    }
    throw usageError(
      `${path} has ${names.length} tables to import from: ${names.join(', ')}`,
      `name one of them with --from-table, for instance --from-table ${names[0]}`,
    )
  }
  const name = wanted ?? names[0]
  const sql = vec0.get(name)
  if (sql !== undefined) return vec0Source(context, db, path, name, sql)
  if (name === target) {
    throw usageError(`${name} is the table that is imported into`)
  }
  const shadow = vec.includes(name) ? shadowTableName(name) : name
  if (!vec.includes(name) && !isTable(db, name)) {
    throw inputError(`${path} has no table ${name}${didYouMean(name, names)}`)
  }
  return new ShadowSource(db, path, shadow, vec.includes(name) ? vecMetric(db, name) : undefined)
}

function isTable(db: Connection, name: string): boolean {
  return (
    db.prepare("SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?").get(name) !==
    undefined
  )
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
