import { open } from '../../entries/main.ts'
import type { CommandBody } from '../command.ts'
import type { Context } from '../context.ts'
import { DATABASE_OPTIONS } from '../database.ts'
import { diagnoseFile } from '../diagnose-file.ts'
import { diagnoseProgram } from '../diagnose-program.ts'
import { EXIT } from '../exit-code.ts'
import { findingLines, isTrouble } from '../findings.ts'

export const doctor: CommandBody = {
  details: [
    'Without a file: versions, locking, search kernels. With a file: whether it can',
    'be opened and written, its journal mode, leftovers of killed programs, free space.',
    'The exit code is 1 if something is wrong.',
  ],
  arguments: [{ name: 'file', description: 'the SQLite file', optional: true }],
  options: DATABASE_OPTIONS,
  examples: [
    { line: 'doctor', says: 'the machine' },
    { line: 'doctor docs.sqlite', says: 'the machine and a file' },
  ],
  run: async context => {
    const path = context.args.get('file')
    const found = await diagnoseProgram()
    if (path !== undefined)
      found.push(...(await diagnoseFile(path, () => openAsked(context, path))))
    const lines = found.flatMap(({ severity, topic, message, advice }) =>
      findingLines(
        severity,
        `${topic}: ${message}`,
        advice === undefined || message.includes(advice) ? undefined : advice,
      ),
    )
    await context.print({ findings: found }, lines)
    return found.some(isTrouble) ? EXIT.found : EXIT.ok
  },
}

function openAsked({ flags }: Context, path: string): ReturnType<typeof open> {
  return open(path, {
    readonly: !flags.on('exclusive'),
    create: false,
    exclusive: flags.on('exclusive'),
    busyTimeout: flags.integer('busy-timeout', 0, 0x7fffffff) ?? 1000,
  })
}
