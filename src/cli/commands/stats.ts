import { statSync } from 'node:fs'
import type { Connection } from '../../entries/main.ts'
import { adminDataset, ADMIN_OPTIONS, adminTables, askAdmin } from '../admin.ts'
import { byteText } from '../byte-text.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { withDatabase } from '../database.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { vecMetric } from '../vec-metric.ts'
import { vecTableNames, type VecTable } from '../vec-tables.ts'

interface TableStats {
  readonly table: string
  readonly shadow: string
  readonly column: string
  readonly metric: string
  /** By dataset: facts by topic. */
  readonly datasets: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export const stats: Command = {
  name: 'stats',
  summary: 'tables, datasets, rows, dimensions, memory',
  arguments: [{ name: 'file', description: 'the SQLite file' }],
  options: ADMIN_OPTIONS,
  examples: [
    { line: 'stats docs.sqlite', says: 'every vec table of a file' },
    {
      line: "stats docs.sqlite --json | jq '.tables[0].datasets.default.rows'",
      says: 'one number',
    },
  ],
  run: context => {
    const path = context.arg('file')
    return withDatabase(context, path, { readonly: true }, async db => {
      const { size } = statSync(path)
      const found =
        vecTableNames(db).length === 0 && !context.flags.has('table')
          ? []
          : tableStats(context, db, path)
      await context.print({ file: path, bytes: size, tables: found }, [
        `${path}: ${byteText(size)}, ${found.length === 0 ? 'no vec table' : 'vec tables:'}`,
        ...found.flatMap(statLines),
      ])
      return EXIT.ok satisfies ExitCode
    })
  },
}

function tableStats(context: Context, db: Connection, path: string): TableStats[] {
  const tables = adminTables(context, db, path)
  const dataset = adminDataset(context, db, tables)
  return tables.map(table => statsOf(db, table, dataset))
}

function statsOf(db: Connection, table: VecTable, dataset: string): TableStats {
  const datasets: Record<string, Record<string, string>> = {}
  for (const { op, topic, dataset: name } of askAdmin(db, 'stats', table, dataset)) {
    const facts = (datasets[name ?? ''] ??= {})
    facts[topic] = op.slice(op.indexOf(':') + 1).trim()
  }
  const { name, shadow, column } = table
  return { table: name, shadow, column, metric: vecMetric(db, name), datasets }
}

function statLines({ table, shadow, column, metric, datasets }: TableStats): string[] {
  const names = Object.entries(datasets)
  const head = `${table}: ${metric}, ids in ${column}, documents in ${shadow}`
  if (names.length === 0) return [head, '  no documents']
  const lines = [head]
  for (const [name, facts] of names) {
    lines.push(`  dataset ${name}`)
    for (const [topic, fact] of Object.entries(facts)) {
      lines.push(`    ${topic.padEnd(15)}${fact}`)
    }
  }
  return lines
}
