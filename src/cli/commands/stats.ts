import { statSync } from 'node:fs'
import type { Connection } from '../../entries/main.ts'
import { vecTableNames, type TableDescription } from '../../entries/vec.ts'
import { maintain } from '../../entries/vecadmin.ts'
import { byteText } from '../byte-text.ts'
import { declarationText } from '../column-flag.ts'
import type { CommandBody } from '../command.ts'
import { withDatabase } from '../database.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { ADMIN_OPTIONS, adminDataset, adminTables } from '../findings.ts'

interface TableStats extends Pick<
  TableDescription,
  'shadow' | 'column' | 'metric' | 'type' | 'int8Range' | 'declared' | 'text'
> {
  readonly table: string
  /** Facts by dataset and topic. */
  readonly datasets: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export const stats: CommandBody = {
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
      const none = vecTableNames(db).length === 0 && !context.flags.has('table')
      const tables = none ? [] : adminTables(context, db, path)
      const dataset = adminDataset(context, tables)
      const found = tables.map(table => statsOf(db, table, dataset))
      await context.print({ file: path, bytes: size, tables: found }, [
        `${path}: ${byteText(size)}, ${found.length === 0 ? 'no vec table' : 'vec tables:'}`,
        ...found.flatMap(statLines),
      ])
      return EXIT.ok satisfies ExitCode
    })
  },
}

function statsOf(
  db: Connection,
  { name: table, shadow, column, metric, type, int8Range, declared, text }: TableDescription,
  dataset: string | undefined,
): TableStats {
  const datasets: Record<string, Record<string, string>> = {}
  for (const { op, topic, dataset: name = '' } of maintain(db, table, 'stats', { dataset })) {
    const facts = (datasets[name] ??= {})
    facts[topic] = op.slice(op.indexOf(':') + 1).trim()
  }
  return { table, shadow, column, metric, type, int8Range, declared, text, datasets }
}

function statLines({
  table,
  shadow,
  column,
  metric,
  type,
  int8Range,
  declared,
  text,
  datasets,
}: TableStats): string[] {
  const lines: string[] = []
  if (type !== 'f32') {
    const range = int8Range === undefined ? '' : `, from -${int8Range} to ${int8Range}`
    lines.push(`  embeddings are stored as ${type}${range}`)
  }
  if (declared.length > 0) lines.push(`  columns: ${declared.map(declarationText).join(', ')}`)
  if (text) lines.push(`  text index: ${text.columns.join(', ')} (${text.tokenizer})`)
  for (const [name, facts] of Object.entries(datasets)) {
    lines.push(`  dataset ${name}`)
    for (const [topic, fact] of Object.entries(facts)) {
      lines.push(`    ${topic.padEnd(15)}${fact}`)
    }
  }
  const head = `${table}: ${metric}, ids in ${column}, documents in ${shadow}`
  if (Object.keys(datasets).length === 0) lines.push('  no documents')
  return [head, ...lines]
}
