import { argumentError, requirePlainObject } from '../core/argument-error.ts'
import { VERSION } from '../core/version.ts'
import { requireDatabase } from '../database/require-database.ts'
import type { Diagnostic } from '../search/diagnostics/diagnostic.ts'
import { journalRange } from '../search/journal/journal.ts'
import { hasTable, JOURNAL, JOURNAL_STATE } from '../search/schema/layout.ts'
import { quoteName } from '../search/schema/names.ts'
import type { Connection } from '../sqlite/connection.ts'
import { nameText } from '../sqlite/sql-text.ts'
import {
  describeTable,
  vecTableNames,
  type DescribeOptions,
  type TableDescription,
} from './describe-table.ts'
import { maintain } from './vec-admin/maintain.ts'

/** A database file, as far as it concerns vector search. */
export interface FileDescription {
  readonly versions: { readonly package: string; readonly sqlite: string }
  /** SQLite's journal mode: 'delete', 'wal', 'memory', ... */
  readonly journalMode: string
  readonly pageSize: number
  readonly pages: number
  /** Unused pages, which VACUUM removes. */
  readonly freePages: number
  /**
   * Numbers of the first and last entry of the change journal, 0 when it is empty; undefined if the journal is
   * missing or damaged.
   */
  readonly journal: { readonly first: number; readonly last: number } | undefined
  readonly tables: readonly TableDescription[]
  /** 'error' or 'warning' when there are problems of that severity, else 'ok'; undefined without a check. */
  readonly health: 'ok' | 'warning' | 'error' | undefined
  /** The warnings and errors that `check` found. */
  readonly problems: readonly (Diagnostic & { readonly table: string })[]
}

export interface InspectOptions extends DescribeOptions {
  /** False: does not check rows and indexes, which reads every row. */
  readonly check?: boolean | undefined
}

/**
 * Lists all vec tables of a file, its change journal, the versions in use, and a health summary.
 *
 *     const { tables, health } = inspect(db)
 */
export function inspect(db: Connection, options: InspectOptions = {}): FileDescription {
  requireDatabase('inspect()', db)
  requirePlainObject('inspect()', 'options', options, 'an object')
  const { schema = 'main', counts, check = true } = options
  nameText(schema, 'inspect(): the name of the schema')
  if (typeof check !== 'boolean') {
    throw argumentError('inspect()', 'options.check', check, 'true or false')
  }
  const names = vecTableNames(db, { schema })
  const findings = check
    ? names.flatMap(table =>
        maintain(db, table, 'check', { schema }).map(finding => Object.assign({ table }, finding)),
      )
    : []
  const pragma = (name: string): unknown =>
    db.pragma(`${quoteName(schema)}.${name}`, { simple: true })
  using version = db.prepare('SELECT sqlite_version()')
  const problems = findings.filter(({ severity }) => severity === 'warning' || severity === 'error')
  return {
    versions: { package: VERSION, sqlite: String(version.pluck().get()) },
    journalMode: String(pragma('journal_mode')),
    pageSize: Number(pragma('page_size')),
    pages: Number(pragma('page_count')),
    freePages: Number(pragma('freelist_count')),
    journal: [JOURNAL, JOURNAL_STATE].every(table => hasTable(db, schema, table))
      ? journalRange(db, schema)
      : undefined,
    tables: names.map(name => describeTable(db, name, { schema, counts })),
    health: check ? worst(problems) : undefined,
    problems,
  }
}

function worst(problems: readonly Diagnostic[]): 'ok' | 'warning' | 'error' {
  if (problems.length === 0) return 'ok'
  return problems.some(({ severity }) => severity === 'error') ? 'error' : 'warning'
}
