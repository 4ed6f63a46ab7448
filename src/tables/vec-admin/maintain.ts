import { argumentError, requirePlainObject } from '../../core/argument-error.ts'
import { knownWord } from '../../core/known-word.ts'
import { doubleQuoted } from '../../core/quote.ts'
import { requireDatabase } from '../../database/require-database.ts'
import type { Diagnostic } from '../../search/diagnostics/diagnostic.ts'
import type { Connection } from '../../sqlite/connection.ts'
import { nameText } from '../../sqlite/sql-text.ts'
import { runOperation } from './admin-operation.ts'

const WORKS = [
  'check',
  'repair',
  'optimize',
  'reindex',
  'explain',
  'stats',
  'recall',
  'export:brute',
  'export:cover',
] as const

/** The words of vec_admin; docs/sql.md describes each. */
export type Maintenance = (typeof WORKS)[number]

export interface MaintainOptions {
  /** Only this dataset; default: all of them. */
  readonly dataset?: string | undefined
  /** The schema of the table; default 'main'. */
  readonly schema?: string | undefined
}

/**
 * `SELECT ... FROM vec_admin` as a function: maintains the indexes of a vec table and returns its findings. Throws
 * VEC_QUERY when the table does not exist, SQLITE_READONLY when the operation writes and the file cannot be written.
 * `reindex` needs a dataset.
 *
 *     maintain(db, 'docs', 'check').filter(finding => finding.severity !== 'info')
 */
export function maintain(
  db: Connection,
  table: string,
  work: Maintenance,
  options: MaintainOptions = {},
): Diagnostic[] {
  requireDatabase('maintain()', db)
  nameText(table, 'maintain(): the name of the table')
  requirePlainObject('maintain()', 'options', options, 'an object')
  const word = knownWord('work of maintain()', work, WORKS)
  const { dataset = '', schema = 'main' } = options
  if (typeof dataset !== 'string') {
    throw argumentError('maintain()', 'options.dataset', dataset, 'a text')
  }
  nameText(schema, 'maintain(): the name of the schema')
  const name = `${plainOrQuoted(schema)}.${plainOrQuoted(table)}`
  return runOperation({ db, file: undefined }, 'vec_admin', `${word}:${name}:${dataset}`)
}

/** Remedies repeat the name: it is quoted only if necessary. */
function plainOrQuoted(name: string): string {
  return /^\w+$/.test(name) ? name : doubleQuoted(name)
}
