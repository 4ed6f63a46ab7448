import { ADMIN_OPTIONS, isTrouble } from '../admin.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { runFindings } from '../findings.ts'

export const optimize: Command = {
  name: 'optimize',
  summary: 'save indexes, drop their dead places, shorten the journal',
  details: ['Never needed, and never wrong: after a large import the next program starts at once.'],
  arguments: [{ name: 'file', description: 'the SQLite file' }],
  options: ADMIN_OPTIONS,
  examples: [{ line: 'optimize docs.sqlite', says: 'every dataset of every vec table' }],
  run: async context => {
    const found = await runFindings(context, 'optimize')
    return found.some(({ findings }) => findings.some(isTrouble)) ? EXIT.found : EXIT.ok
  },
}
