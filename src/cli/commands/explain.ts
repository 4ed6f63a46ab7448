import { ADMIN_OPTIONS } from '../admin.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { runFindings } from '../findings.ts'

export const explain: Command = {
  name: 'explain',
  summary: 'which index answers and why, how many rows each stage lets through, how long it takes',
  arguments: [{ name: 'file', description: 'the SQLite file' }],
  options: ADMIN_OPTIONS,
  examples: [{ line: 'explain docs.sqlite --dataset words', says: 'one dataset' }],
  run: async context => {
    await runFindings(context, 'explain')
    return EXIT.ok
  },
}
