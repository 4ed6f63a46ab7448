import { askAdmin, adminDataset, adminTables, type Finding } from './admin.ts'
import type { Context } from './context.ts'
import { withDatabase } from './database.ts'
import { shellWord } from './shell-word.ts'

export interface TableFindings {
  readonly table: string
  readonly findings: readonly Finding[]
}

/** Asks vec_admin for `word` about every table that is meant, and shows what it answers. */
export async function runFindings(
  context: Context,
  word: string,
  options: { readonly readonly?: boolean } = {},
): Promise<readonly TableFindings[]> {
  const path = context.arg('file')
  return withDatabase(context, path, { readonly: options.readonly === true }, async db => {
    const tables = adminTables(context, db, path)
    const dataset = adminDataset(context, db, tables)
    const found = tables.map(table => ({
      table: table.name,
      findings: askAdmin(db, word, table, dataset),
    }))
    await showFindings(context, path, found)
    return found
  })
}

export async function showFindings(
  context: Context,
  path: string,
  found: readonly TableFindings[],
): Promise<void> {
  if (context.json) {
    await context.printJson({ tables: found })
    return
  }
  for (const { table, findings } of found) {
    if (found.length > 1) await context.stdout.line(`${table}:`)
    for (const finding of findings) {
      for (const line of findingLines(finding, path, table)) await context.stdout.line(line)
    }
  }
}

function findingLines(finding: Finding, path: string, table: string): string[] {
  const { op, severity, dataset, remedy } = finding
  const where = dataset === null ? '' : `${dataset === '' ? "''" : dataset}: `
  const lines = [`${severity.padEnd(8)} ${where}${op}`]
  if (remedy !== null) lines.push(`         ${commandFor(remedy, path, table, dataset)}`)
  return lines
}

const COMMANDS: Readonly<Record<string, string>> = {
  repair: 'repair',
  optimize: 'optimize',
  reindex: 'rebuild',
}

/** The remedy as a command of ours, where it is SQL for vec_admin. */
function commandFor(sql: string, path: string, table: string, dataset: string | null): string {
  const word = /MATCH '(\w+):/.exec(sql)?.[1]
  const command = word === undefined ? undefined : COMMANDS[word]
  if (command === undefined) return sql
  const only = dataset === null || dataset === '' ? '' : ` --dataset ${shellWord(dataset)}`
  return `svec ${command} ${shellWord(path)} --table ${shellWord(table)}${only}`
}
