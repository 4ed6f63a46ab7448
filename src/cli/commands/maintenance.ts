import { counted } from '../../core/counted.ts'
import type { Connection } from '../../entries/main.ts'
import type { TableDescription } from '../../entries/vec.ts'
import { maintain, type Diagnostic, type Maintenance } from '../../entries/vecadmin.ts'
import type { CommandBody } from '../command.ts'
import type { Context } from '../context.ts'
import { withDatabase } from '../database.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { ADMIN_OPTIONS, adminDataset, adminTables, isTrouble, showFindings } from '../findings.ts'

const FILE = [{ name: 'file', description: 'the SQLite file' }] as const

/** Runs `work` on each selected table, and shows the findings. */
async function runOnTables(
  context: Context,
  readonly: boolean,
  work: (db: Connection, table: TableDescription, dataset: string | undefined) => Diagnostic[],
  first: (db: Connection) => Diagnostic[] = () => [],
): Promise<ExitCode> {
  const path = context.arg('file')
  return withDatabase(context, path, { readonly }, async db => {
    const tables = adminTables(context, db, path)
    const dataset = adminDataset(context, tables)
    const found = tables.map((table, i) => ({
      table: table.name,
      findings: [...(i === 0 ? first(db) : []), ...work(db, table, dataset)],
    }))
    await showFindings(context, path, found)
    const trouble = found.some(({ findings }) => findings.some(isTrouble))
    return trouble ? EXIT.found : EXIT.ok
  })
}

function workOf(
  word: Maintenance,
): (db: Connection, table: TableDescription, dataset: string | undefined) => Diagnostic[] {
  return (db, { name }, dataset) => maintain(db, name, word, { dataset })
}

export const check: CommandBody = {
  details: [
    'Checks the file itself, the triggers and the journal, rows with missing or invalid vectors,',
    'and saved indexes. Writes nothing. The exit code is 1 if there is a problem.',
  ],
  arguments: FILE,
  options: {
    full: { type: 'boolean', description: "also compare SQLite's own indexes with their tables" },
    ...ADMIN_OPTIONS,
  },
  examples: [
    { line: 'check docs.sqlite', says: 'every vec table of a file' },
    { line: 'check docs.sqlite --json', says: 'the same as JSON, for a program' },
  ],
  run: context =>
    runOnTables(context, true, workOf('check'), db => fileFindings(db, context.flags.on('full'))),
}

export const repair: CommandBody = {
  details: [
    'Reinstalls missing triggers, deletes damaged and stale indexes, and moves rows that searches cannot',
    'use out of the way. The exit code is 1 if something needs your attention.',
  ],
  arguments: FILE,
  options: ADMIN_OPTIONS,
  examples: [{ line: 'repair docs.sqlite', says: 'every vec table of a file' }],
  run: context => runOnTables(context, false, workOf('repair')),
}

export const optimize: CommandBody = {
  details: ['Optional: after a large import, it lets the next program start at once.'],
  arguments: FILE,
  options: ADMIN_OPTIONS,
  examples: [{ line: 'optimize docs.sqlite', says: 'every dataset of every vec table' }],
  run: context => runOnTables(context, false, workOf('optimize')),
}

export const explain: CommandBody = {
  arguments: FILE,
  options: ADMIN_OPTIONS,
  examples: [{ line: 'explain docs.sqlite --dataset words', says: 'one dataset' }],
  run: async context => {
    await runOnTables(context, false, workOf('explain'))
    return EXIT.ok
  },
}

export const rebuild: CommandBody = {
  arguments: FILE,
  options: ADMIN_OPTIONS,
  examples: [{ line: 'rebuild docs.sqlite --dataset words', says: 'one dataset' }],
  run: context =>
    runOnTables(context, false, (db, table, dataset) => {
      const datasets = table.datasets
        .map(({ name }) => name)
        .filter(name => name === (dataset ?? name))
      const progress = context.progress(`rebuilding ${table.name}`, datasets.length)
      const findings = datasets.flatMap((name, i) => {
        progress.update(i, name)
        return maintain(db, table.name, 'reindex', { dataset: name }).map(readable)
      })
      progress.end()
      return findings
    }),
}

/** Rewords a finding of the original, which is meant for programs. */
function readable(finding: Diagnostic): Diagnostic {
  const rows = /^reindexed:(\d+)$/.exec(finding.op)
  return rows ? { ...finding, op: `rebuilt from ${counted(Number(rows[1]), 'row')}` } : finding
}

/** SQLite's own findings about the file. */
function fileFindings(db: Connection, full: boolean): Diagnostic[] {
  const rows = db.pragma(full ? 'integrity_check(20)' : 'quick_check(20)') as object[]
  const messages = rows.map(row => String(Object.values(row)[0]))
  const sound = messages.length === 1 && messages[0] === 'ok'
  const severity = sound ? 'ok' : 'error'
  return (sound ? ['the file is an intact SQLite database'] : messages).map(op => ({
    op,
    severity,
    topic: 'file',
    dataset: undefined,
    fix: undefined,
  }))
}
