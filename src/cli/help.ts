import {
  COMMON_OPTIONS,
  type Command,
  type CommandArgument,
  type CommandEntry,
  type CommandGroup,
  type CommandOption,
} from './command.ts'

/** `svec import <file> <source> [options]` */
function usageOf(command: Command, title: string): string {
  return ['svec', title, ...command.arguments.map(argumentText), '[options]'].join(' ')
}

function argumentText({ name, optional, rest }: CommandArgument): string {
  const text = rest === true ? `${name}...` : name
  return optional === true || rest === true ? `[${text}]` : `<${text}>`
}

export function commandHelp(command: Command, title: string): string {
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS })
  const parts = [
    [command.summary],
    ['Usage:', `  ${usageOf(command, title)}`],
    command.details ?? [],
    section(
      'Arguments:',
      command.arguments.map(({ name, description }) => [`<${name}>`, description]),
    ),
    section(
      'Options:',
      options.map(([name, option]) => [optionText(name, option), option.description]),
    ),
    command.examples.length === 0
      ? []
      : [
          'Examples:',
          ...command.examples.flatMap(({ line, says }) => [`  # ${says}`, `  svec ${line}`]),
        ],
  ]
  return paragraphs(parts)
}

export function groupHelp(group: CommandGroup & Pick<CommandEntry, 'name' | 'summary'>): string {
  return paragraphs([
    [group.summary],
    ['Usage:', `  svec ${group.name} <command> [options]`],
    group.details ?? [],
    section(
      'Commands:',
      group.commands.map(({ name, summary }) => [name, summary]),
    ),
    [`svec ${group.name} <command> --help describes a command.`],
  ])
}

export function mainHelp(commands: readonly CommandEntry[]): string {
  return paragraphs([
    ['Vector search in SQLite files.'],
    ['Usage:', '  svec <command> [options]'],
    section(
      'Commands:',
      commands.map(({ name, summary }) => [name, summary]),
    ),
    section('Options:', [
      ['-h, --help', 'print this help; svec <command> --help describes a command, with examples'],
      ['-V, --version', 'print the version'],
    ]),
    [
      'Try it:',
      '  svec init docs.sqlite',
      `  echo '{"id": "north", "embedding": [0, 1], "content": "up"}' | svec import docs.sqlite -`,
      "  svec query docs.sqlite '[0.2, 1]'",
    ],
    [
      'Exit codes: 0 done, 1 nothing found or a problem found, 2 wrong usage, 3 failed,',
      '4 the file is in use, 70 a bug in svec, 130 interrupted.',
    ],
  ])
}

function optionText(name: string, option: CommandOption): string {
  const short = option.short === undefined ? '    ' : `-${option.short}, `
  const value = option.type === 'string' ? ` <${option.value ?? 'value'}>` : ''
  return `${short}--${name}${value}`
}

function section(title: string, rows: readonly (readonly [string, string])[]): string[] {
  if (rows.length === 0) return []
  const width = Math.max(...rows.map(([left]) => left.length))
  return [title, ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)]
}

function paragraphs(parts: readonly (readonly string[])[]): string {
  const filled = parts.filter(part => part.length > 0)
  return filled.map(part => part.join('\n')).join('\n\n')
}
