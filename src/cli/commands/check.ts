import type { Connection } from '../../entries/main.ts'
import {
  adminDataset,
  ADMIN_OPTIONS,
  adminTables,
  askAdmin,
  isTrouble,
  type Finding,
} from '../admin.ts'
import type { Command } from '../command.ts'
import { withDatabase } from '../database.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { showFindings } from '../findings.ts'

export const check: Command = {
  name: 'check',
  summary: 'look for damage and for documents that cannot be found',
  details: [
    'Looks at the file itself, at the triggers and the journal, at rows without vectors or with wrong',
    'ones, and at saved indexes. Nothing is written. The exit code is 1 when something is not in order.',
  ],
  arguments: [{ name: 'file', description: 'the SQLite file' }],
  options: {
    full: { type: 'boolean', description: "also compare SQLite's own indexes with their tables" },
    ...ADMIN_OPTIONS,
  },
  examples: [
    { line: 'check docs.sqlite', says: 'every vec table of a file' },
    { line: 'check docs.sqlite --json', says: 'the same for a program' },
  ],
  run: context => {
    const path = context.arg('file')
    return withDatabase(context, path, { readonly: true }, async db => {
      const tables = adminTables(context, db, path)
      const dataset = adminDataset(context, db, tables)
      const found = tables.map((table, i) => ({
        table: table.name,
        findings: [
          ...(i === 0 ? fileFindings(db, context.flags.on('full')) : []),
          ...askAdmin(db, 'check', table, dataset),
        ],
      }))
      await showFindings(context, path, found)
      const trouble = found.some(({ findings }) => findings.some(isTrouble))
      return (trouble ? EXIT.found : EXIT.ok) satisfies ExitCode
    })
  },
}

/** What SQLite says of the file below all this. */
function fileFindings(db: Connection, full: boolean): Finding[] {
  const rows = db.pragma(full ? 'integrity_check(20)' : 'quick_check(20)') as object[]
  const messages = rows.map(row => String(Object.values(row)[0]))
  if (messages.length === 1 && messages[0] === 'ok') {
    const op = 'the file is a sound SQLite database'
    return [{ op, severity: 'ok', topic: 'file', dataset: null, remedy: null }]
  }
  return messages.map(op => ({ op, severity: 'error', topic: 'file', dataset: null, remedy: null }))
}
