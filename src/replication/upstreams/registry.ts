import type { Dialect } from '../dialect.ts'
import { upstreamStatements } from '../install.ts'
import { checkTableName, doubleQuoted, syncNames } from '../sync-names.ts'
import { mysql } from './mysql/dialect.ts'
import { postgres } from './postgres/dialect.ts'
import { sqlite } from './sqlite/dialect.ts'

/** The databases that can be an upstream. MariaDB and MySQL share one dialect. */
export type Database = 'mysql' | 'postgres' | 'sqlite'

/** The one list of dialects. A new dialect is a folder beside these, and an entry here. */
const DIALECTS: Readonly<Record<Database, Dialect>> = { mysql, postgres, sqlite }

export interface DdlOptions {
  /** The database whose SQL is returned; SQLite by default. */
  readonly database?: Database
  /** The prefix of the replication tables; `vec_` by default. */
  readonly prefix?: string
  /** SQLite only: the attached database that holds the tables. */
  readonly schema?: string
}

/**
 * The table of documents: the rows of every dataset, keyed by (dataset_id, id). Statements in order, safe to repeat.
 */
export function shadowTableDDL(table: string, options: DdlOptions = {}): string[] {
  const { ddl } = dialectOf(options)
  return ddl.shadowTable(checkTableName(table), syncNames(options.prefix), schemaPart(options))
}

/** The log of changes. */
export function logTableDDL(options: DdlOptions = {}): string {
  return dialectOf(options).ddl.logTable(syncNames(options.prefix), schemaPart(options))
}

/** The counters that number the changes. */
export function seqTableDDL(options: DdlOptions = {}): string {
  return dialectOf(options).ddl.seqTable(syncNames(options.prefix), schemaPart(options))
}

export function sqliteShadowLogTriggers(
  table: string,
  options: Omit<DdlOptions, 'database'> = {},
): string[] {
  return triggers(table, { ...options, database: 'sqlite' })
}

export function mysqlShadowLogTriggers(
  table: string,
  options: Pick<DdlOptions, 'prefix'> = {},
): string[] {
  return triggers(table, { ...options, database: 'mysql' })
}

export function postgresShadowLogTriggers(
  table: string,
  options: Pick<DdlOptions, 'prefix'> = {},
): string[] {
  return triggers(table, { ...options, database: 'postgres' })
}

function triggers(table: string, options: DdlOptions): string[] {
  const { ddl } = dialectOf(options)
  return ddl.logTriggers(checkTableName(table), syncNames(options.prefix), schemaPart(options))
}

/** All statements that an upstream needs for one shadow table, in order. */
export function upstreamDDL(table: string, options: DdlOptions = {}): string[] {
  const { ddl } = dialectOf(options)
  const names = syncNames(options.prefix)
  return upstreamStatements(ddl, checkTableName(table), names, 'trigger', schemaPart(options))
}

/**
 * A script for the database's own shell: `mariadb < file`, `psql -f file`, `sqlite3 db < file`.
 *
 *     writeFileSync('schema.sql', upstreamScript('shadow_vec_docs', { database: 'postgres' }))
 */
export function upstreamScript(table: string, options: DdlOptions = {}): string {
  const { ddl } = dialectOf(options)
  return ddl.script(ddl.enclosed(table, upstreamDDL(table, options)))
}

function dialectOf({ database = 'sqlite' }: DdlOptions): Dialect {
  if (Object.hasOwn(DIALECTS, database)) return DIALECTS[database]
  throw new TypeError(
    `unknown database ${JSON.stringify(database)}: expected one of ${Object.keys(DIALECTS).join(', ')}`,
  )
}

function schemaPart(options: DdlOptions): string {
  if (options.schema === undefined) return ''
  if (dialectOf(options).ddl.hasSchemas === true) return `${doubleQuoted(options.schema)}.`
  throw new TypeError('schema applies only to SQLite: for other databases, connect to the schema')
}
