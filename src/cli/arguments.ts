import { parseArgs } from 'node:util'
import { nearest } from '../core/suggest.ts'
import { usageError } from './cli-error.ts'
import { COMMON_OPTIONS, type Command, type CommandOptions } from './command.ts'
import { Flags } from './flags.ts'

export interface GivenArguments {
  readonly args: ReadonlyMap<string, string>
  readonly rest: readonly string[]
  readonly flags: Flags
}

/** Parses the arguments after a command's name. `title` is the full name, for errors. */
export function readArguments(
  command: Command,
  title: string,
  argv: readonly string[],
): GivenArguments {
  const options: CommandOptions = { ...command.options, ...COMMON_OPTIONS }
  const { tokens } = parseArgs({
    args: [...argv],
    options: parseOptions(options),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const values = new Map<string, string | boolean | string[]>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (!option) throw unknownOption(token.rawName, options, title)
    const value = valueOf(option.type, token.rawName, token.value, token.inlineValue === true)
    if (option.multiple === true && typeof value === 'string') {
      const list = values.get(token.name)
      if (Array.isArray(list)) list.push(value)
      else values.set(token.name, [value])
    } else if (values.has(token.name) && values.get(token.name) !== value) {
      throw usageError(`${token.rawName} was given twice, with different values`)
    } else values.set(token.name, value)
  }
  const flags = new Flags(values)
  // With --help, the other arguments are optional.
  if (flags.on('help')) return { args: new Map(), rest: [], flags }
  return { ...nameArguments(command, title, positionals), flags }
}

function parseOptions(
  options: CommandOptions,
): Record<string, { type: 'string' | 'boolean'; multiple: boolean; short?: string }> {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, multiple = false, short }]) => [
      name,
      short === undefined ? { type, multiple } : { type, multiple, short },
    ]),
  )
}

function valueOf(
  type: 'string' | 'boolean',
  name: string,
  value: string | undefined,
  inline: boolean,
): string | boolean {
  if (type === 'boolean') {
    if (value !== undefined) throw usageError(`${name} does not take a value, but got '${value}'`)
    return true
  }
  if (value === undefined) throw usageError(`${name} needs a value`)
  if (value.trim() === '') {
    throw usageError(
      `${name} needs a value, but got '${value}'`,
      'omit the option; in a script, check that its variable is set',
    )
  }
  if (!inline && value.startsWith('--')) {
    throw usageError(
      `${name} needs a value, but '${value}' looks like the next option`,
      `write a value that begins with -- as ${name}=${value}`,
    )
  }
  return value
}

function unknownOption(name: string, options: CommandOptions, title: string): Error {
  const hint = `svec ${title} --help lists the options`
  if (/^-[\d.]$/.test(name)) {
    return usageError(
      `unknown option ${name}`,
      "write a vector that begins with a minus sign as '[-0.5, 1]', or put it after --",
    )
  }
  const long = nearest(name.replace(/^-+/, ''), Object.keys(options))
  const meant = long === undefined ? '' : `: did you mean --${long}?`
  return usageError(`unknown option ${name} of svec ${title}${meant}`, hint)
}

function nameArguments(
  command: Command,
  title: string,
  given: readonly string[],
): { args: Map<string, string>; rest: string[] } {
  const args = new Map<string, string>()
  const hint = `svec ${title} --help shows how it is called`
  let used = 0
  for (const argument of command.arguments) {
    if (argument.rest === true) return { args, rest: given.slice(used) }
    if (used >= given.length) {
      if (argument.optional === true) break
      throw usageError(`svec ${title}: <${argument.name}> is missing`, hint)
    }
    args.set(argument.name, given[used++])
  }
  if (used < given.length) {
    throw usageError(
      `svec ${title} takes ${used} argument${used === 1 ? '' : 's'}; '${given[used]}' is one too many`,
      hint,
    )
  }
  return { args, rest: [] }
}
