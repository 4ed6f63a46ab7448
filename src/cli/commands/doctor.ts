import { open } from '../../entries/main.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { DATABASE_OPTIONS } from '../database.ts'
import { diagnoseFile } from '../diagnose-file.ts'
import { diagnoseProgram, type Diagnosis } from '../diagnose-program.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'

export const doctor: Command = {
  name: 'doctor',
  summary: 'what this machine and a file offer, what is wrong, and what to do',
  details: [
    'Without a file: versions, how files are locked, how fast searches can be. With one: whether it can',
    'be opened and written, its journal mode, leftovers of programs that were killed, free space.',
    'The exit code is 1 when something is wrong.',
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
    const lines = found.flatMap(diagnosisLines)
    await context.print({ findings: found }, lines)
    const trouble = found.some(({ severity }) => severity === 'error' || severity === 'warning')
    return (trouble ? EXIT.found : EXIT.ok) satisfies ExitCode
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

function diagnosisLines({ severity, topic, message, advice }: Diagnosis): string[] {
  const line = `${severity.padEnd(8)} ${topic}: ${message}`
  return advice === undefined || message.includes(advice) ? [line] : [line, `         ${advice}`]
}
