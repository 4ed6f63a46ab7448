import { replicaShadowTable, replicaTables } from './replica-schema.ts'
import {
  backQuoted,
  checkTableName,
  doubleQuoted,
  syncNames,
  type Database,
  type SyncNames,
} from './sync-names.ts'
import * as mysqlTables from './upstreams/mysql/tables.ts'
import * as mysqlTriggers from './upstreams/mysql/triggers.ts'
import * as postgresTables from './upstreams/postgres/tables.ts'
import * as postgresTriggers from './upstreams/postgres/triggers.ts'
import * as sqliteTables from './upstreams/sqlite/tables.ts'
import * as sqliteTriggers from './upstreams/sqlite/triggers.ts'

export interface DdlOptions {
  /** Which database's SQL; SQLite unless said otherwise. */
  readonly database?: Database
  /** What the replication tables' names begin with; `vec_` unless said otherwise. */
  readonly prefix?: string
  /** SQLite only: the attached database that holds the tables. */
  readonly schema?: string
}

export interface DatabaseDdl {
  controlTables(names: SyncNames, schema?: string): string[]
  seqTable(names: SyncNames, schema?: string): string
  logTable(names: SyncNames, schema?: string): string
  shadowTable(table: string, names: SyncNames, schema?: string): string[]
  logTriggers(table: string, names: SyncNames, schema?: string): string[]
}

export const databaseDdl: Readonly<Record<Database, DatabaseDdl>> = {
  mysql: { ...mysqlTables, ...mysqlTriggers },
  postgres: { ...postgresTables, ...postgresTriggers },
  sqlite: { ...sqliteTables, ...sqliteTriggers },
}

/** The table of documents: every dataset's rows, keyed by (dataset_id, id). Statements in order, re-runnable. */
export function shadowTableDDL(table: string, options: DdlOptions = {}): string[] {
  const { database = 'sqlite', prefix } = options
  return databaseDdl[database].shadowTable(
    checkTableName(table),
    syncNames(prefix),
    schemaPart(options),
  )
}

/** The log of changes. */
export function logTableDDL(options: DdlOptions = {}): string {
  const { database = 'sqlite', prefix } = options
  return databaseDdl[database].logTable(syncNames(prefix), schemaPart(options))
}

/** The counters that number the changes. */
export function seqTableDDL(options: DdlOptions = {}): string {
  const { database = 'sqlite', prefix } = options
  return databaseDdl[database].seqTable(syncNames(prefix), schemaPart(options))
}

export function sqliteShadowLogTriggers(
  table: string,
  options: Omit<DdlOptions, 'database'> = {},
): string[] {
  return triggers('sqlite', table, options)
}

export function mysqlShadowLogTriggers(
  table: string,
  options: Pick<DdlOptions, 'prefix'> = {},
): string[] {
  return triggers('mysql', table, options)
}

export function postgresShadowLogTriggers(
  table: string,
  options: Pick<DdlOptions, 'prefix'> = {},
): string[] {
  return triggers('postgres', table, options)
}

function triggers(database: Database, table: string, options: DdlOptions): string[] {
  const names = syncNames(options.prefix)
  return databaseDdl[database].logTriggers(checkTableName(table), names, schemaPart(options))
}

/** All an upstream needs for one shadow table, in order. */
export function upstreamDDL(table: string, options: DdlOptions = {}): string[] {
  const { database = 'sqlite', prefix } = options
  const names = syncNames(prefix)
  const ddl = databaseDdl[database]
  const schema = schemaPart(options)
  return [
    ...ddl.controlTables(names, schema),
    ...ddl.shadowTable(checkTableName(table), names, schema),
    ...ddl.logTriggers(table, names, schema),
  ]
}

/** All a replica needs. */
export function replicaDDL(table: string, options: Pick<DdlOptions, 'prefix'> = {}): string[] {
  return [...replicaTables(syncNames(options.prefix)), replicaShadowTable(checkTableName(table))]
}

/** A script for the database's own shell: `mariadb < file`, `psql -f file`, `sqlite3 db < file`. */
export function upstreamScript(table: string, options: DdlOptions = {}): string {
  const statements = upstreamDDL(table, options)
  if (options.database !== 'mysql') {
    return `BEGIN;\n${statements.map(statement => `${statement};\n`).join('')}COMMIT;\n`
  }
  const locked = mysqlLocked(table, statements).map(statement => `${statement}\n$$\n`)
  return `DELIMITER $$\n${locked.join('')}DELIMITER ;\n`
}

/** Triggers are replaced under a write lock: a row written between DROP and CREATE would never be logged. */
function mysqlLocked(table: string, statements: readonly string[]): string[] {
  const first = statements.findIndex(statement => statement.startsWith('DROP TRIGGER'))
  return [
    ...statements.slice(0, first),
    `LOCK TABLES ${backQuoted(table)} WRITE`,
    ...statements.slice(first),
    'UNLOCK TABLES',
  ]
}

function schemaPart(options: DdlOptions): string {
  if (options.schema === undefined) return ''
  if (options.database !== undefined && options.database !== 'sqlite') {
    throw new TypeError('only SQLite takes a schema: connect to it instead')
  }
  return `${doubleQuoted(options.schema)}.`
}
