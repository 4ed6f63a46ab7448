import { adminDataset, ADMIN_OPTIONS, adminTables, askAdmin, type Finding } from '../admin.ts'
import type { Command } from '../command.ts'
import { counted } from '../counted.ts'
import { withDatabase } from '../database.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { showFindings, type TableFindings } from '../findings.ts'
import { datasetsOf } from '../vec-tables.ts'

export const rebuild: Command = {
  name: 'rebuild',
  summary: 'build indexes anew from the documents, and save them',
  arguments: [{ name: 'file', description: 'the SQLite file' }],
  options: ADMIN_OPTIONS,
  examples: [{ line: 'rebuild docs.sqlite --dataset words', says: 'one dataset' }],
  run: context => {
    const path = context.arg('file')
    return withDatabase(context, path, {}, async db => {
      const tables = adminTables(context, db, path)
      const only = adminDataset(context, db, tables)
      const found: TableFindings[] = []
      for (const table of tables) {
        const datasets = only === '' ? datasetsOf(db, table.shadow) : [only]
        const progress = context.progress(`rebuilding ${table.name}`, datasets.length)
        const findings: Finding[] = []
        for (const [i, dataset] of datasets.entries()) {
          progress.update(i, dataset)
          findings.push(...askAdmin(db, 'reindex', table, dataset).map(readable))
        }
        progress.end()
        found.push({ table: table.name, findings })
      }
      await showFindings(context, path, found)
      return EXIT.ok satisfies ExitCode
    })
  },
}

/** The original's answer is meant for programs. */
function readable(finding: Finding): Finding {
  const rows = /^reindexed:(\d+)$/.exec(finding.op)
  return rows ? { ...finding, op: `rebuilt from ${counted(Number(rows[1]), 'row')}` } : finding
}
