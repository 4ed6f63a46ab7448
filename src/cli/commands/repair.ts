import { ADMIN_OPTIONS, isTrouble } from '../admin.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { runFindings } from '../findings.ts'

export const repair: Command = {
  name: 'repair',
  summary: 'mend what svec check found; nothing has to be embedded again',
  details: [
    'Puts missing triggers back, forgets damaged and stale indexes, and sets aside what no search can',
    'use. The exit code is 1 when something is left that needs you.',
  ],
  arguments: [{ name: 'file', description: 'the SQLite file' }],
  options: ADMIN_OPTIONS,
  examples: [{ line: 'repair docs.sqlite', says: 'every vec table of a file' }],
  run: async context => {
    const found = await runFindings(context, 'repair')
    return found.some(({ findings }) => findings.some(isTrouble)) ? EXIT.found : EXIT.ok
  },
}
