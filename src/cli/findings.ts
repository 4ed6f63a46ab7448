import { shellWord } from '../core/shell-word.ts'
import { didYouMean } from '../core/suggest.ts'
import type { Connection } from '../entries/main.ts'
import { vecTableNames, type TableDescription } from '../entries/vec.ts'
import type { Diagnostic } from '../entries/vecadmin.ts'
import { usageError } from './cli-error.ts'
import type { CommandOptions } from './command.ts'
import type { Context } from './context.ts'
import { DATABASE_OPTIONS } from './database.ts'
import { chosenTable, describe } from './vec-tables.ts'

/** Options of commands that inspect tables: all of them unless one is named. */
export const ADMIN_OPTIONS: CommandOptions = {
  table: { type: 'string', short: 't', value: 'name', description: 'only this vec table' },
  dataset: { type: 'string', short: 'd', value: 'name', description: 'only this dataset' },
  ...DATABASE_OPTIONS,
}

export interface TableFindings {
  readonly table: string
  readonly findings: readonly Diagnostic[]
}

/** The table that --table names, or every vec table of the file. */
export function adminTables(
  context: Context,
  db: Connection,
  path: string,
): readonly TableDescription[] {
  const names = vecTableNames(db)
  if (context.flags.has('table') || names.length <= 1) return [chosenTable(context, db, path)]
  return names.map(name => describe(db, name))
}

/** The dataset that --dataset names, which must exist; undefined for all. */
export function adminDataset(
  context: Context,
  tables: readonly TableDescription[],
): string | undefined {
  const wanted = context.flags.text('dataset')
  if (wanted === undefined) return undefined
  const known = [...new Set(tables.flatMap(({ datasets }) => datasets.map(({ name }) => name)))]
  if (known.includes(wanted)) return wanted
  throw usageError(
    `there is no dataset '${wanted}'${didYouMean(wanted, known)}`,
    `the datasets are ${known.slice(0, 20).join(', ') || 'none'}`,
  )
}

export function isTrouble({ severity }: Pick<Diagnostic, 'severity'>): boolean {
  return severity === 'warning' || severity === 'error'
}

export async function showFindings(
  context: Context,
  path: string,
  found: readonly TableFindings[],
): Promise<void> {
  const tables = found.map(({ table, findings }) => ({
    table,
    findings: findings.map(({ op, severity, topic, dataset = null, fix: remedy = null }) => ({
      op,
      severity,
      topic,
      dataset,
      remedy,
    })),
  }))
  const lines = found.flatMap(({ table, findings }) => [
    ...(found.length > 1 ? [`${table}:`] : []),
    ...findings.flatMap(({ severity, dataset, op, fix }) =>
      findingLines(
        severity,
        `${dataset === undefined ? '' : `${dataset === '' ? "''" : dataset}: `}${op}`,
        fix === undefined ? undefined : commandFor(fix, path, table, dataset),
      ),
    ),
  ])
  await context.print({ tables }, lines)
}

/** `warning  what is wrong`, with the advice below it. */
export function findingLines(severity: string, message: string, advice?: string): string[] {
  const line = `${severity.padEnd(8)} ${message}`
  return advice === undefined ? [line] : [line, `${' '.repeat(9)}${advice}`]
}

const COMMANDS: Readonly<Record<string, string>> = {
  repair: 'repair',
  optimize: 'optimize',
  reindex: 'rebuild',
}

/** The fix as a svec command, if it is SQL for vec_admin. */
function commandFor(sql: string, path: string, table: string, dataset: string | undefined): string {
  const word = /MATCH '(\w+):/.exec(sql)?.[1]
  const command = word === undefined ? undefined : COMMANDS[word]
  if (command === undefined) return sql
  const only = dataset === undefined || dataset === '' ? '' : ` --dataset ${shellWord(dataset)}`
  return `svec ${command} ${shellWord(path)} --table ${shellWord(table)}${only}`
}
