import type { Connection } from '../entries/main.ts'
import { usageError } from './cli-error.ts'
import type { CommandOptions } from './command.ts'
import type { Context } from './context.ts'
import { DATABASE_OPTIONS } from './database.ts'
import { didYouMean } from './nearest.ts'
import {
  chosenTable,
  datasetsOf,
  describeTable,
  vecTableNames,
  type VecTable,
} from './vec-tables.ts'

/** A row of vec_admin. */
export interface Finding {
  /** The finding as one sentence. */
  readonly op: string
  readonly severity: 'ok' | 'info' | 'warning' | 'error'
  readonly topic: string
  readonly dataset: string | null
  /** SQL that mends it. */
  readonly remedy: string | null
}

/** Options of commands that look at tables, all of them unless one is named. */
export const ADMIN_OPTIONS: CommandOptions = {
  table: { type: 'string', short: 't', value: 'name', description: 'this vec table alone' },
  dataset: { type: 'string', short: 'd', value: 'name', description: 'this dataset alone' },
  ...DATABASE_OPTIONS,
}

/** Asks the virtual table vec_admin; an empty dataset stands for all of them. */
export function askAdmin(db: Connection, word: string, table: VecTable, dataset = ''): Finding[] {
  const statement = db.prepare(
    `SELECT op, severity, topic, dataset_id AS dataset, remedy FROM vec_admin WHERE op MATCH ?`,
  )
  try {
    return statement.all(`${word}:main.${table.shadow}:${dataset}`) as Finding[]
  } finally {
    statement.finalize()
  }
}

/** The table that --table names, or every vec table of the file. */
export function adminTables(context: Context, db: Connection, path: string): readonly VecTable[] {
  const names = vecTableNames(db)
  if (context.flags.has('table') || names.length <= 1) return [chosenTable(context, db, path)]
  return names.map(name => describeTable(db, name))
}

/** The dataset that --dataset names, which must be there; '' for all. */
export function adminDataset(
  context: Context,
  db: Connection,
  tables: readonly VecTable[],
): string {
  const wanted = context.flags.text('dataset')
  if (wanted === undefined) return ''
  const known = [...new Set(tables.flatMap(table => datasetsOf(db, table.shadow)))]
  if (!known.includes(wanted)) {
    throw usageError(
      `there is no dataset '${wanted}'${didYouMean(wanted, known)}`,
      `the datasets are ${known.slice(0, 20).join(', ') || 'none'}`,
    )
  }
  return wanted
}

export function isTrouble({ severity }: Finding): boolean {
  return severity === 'warning' || severity === 'error'
}
