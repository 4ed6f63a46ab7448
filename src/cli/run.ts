import { permitted } from '../core/permitted.ts'
import { didYouMean } from '../core/suggest.ts'
import { VERSION } from '../core/version.ts'
import { readArguments } from './arguments.ts'
import { failureOf, usageError, type Failure } from './cli-error.ts'
import type { Command } from './command.ts'
import { COMMANDS } from './commands.ts'
import { Context } from './context.ts'
import { errorText } from './error-text.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { commandHelp, groupHelp, mainHelp } from './help.ts'
import { Output } from './output.ts'
import { withoutPasswords } from './redact.ts'

/** Runs one command line and returns the exit code. Never throws. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  // Determined first: an error may concern the arguments themselves.
  const json = wantsJson(argv)
  try {
    return await dispatch(argv, json)
  } catch (error) {
    const failure = withoutSecrets(failureOf(error))
    const stderr = new Output(process.stderr)
    await stderr.write(errorText(failure, json))
    if (permitted(() => process.env['SVEC_DEBUG']) === '1' && error instanceof Error) {
      await stderr.write(`${String(error.stack)}\n`)
    }
    return failure.exit
  }
}

/** Whether results and errors are printed as JSON. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json')
}

async function dispatch(argv: readonly string[], json: boolean): Promise<ExitCode> {
  const at = argv.findIndex(arg => arg !== '--json')
  if (at < 0) return help(mainHelp(COMMANDS), EXIT.usage)
  const first = argv[at]
  const rest = argv.toSpliced(at, 1)
  if (first === '--help' || first === '-h') return help(mainHelp(COMMANDS), EXIT.ok)
  if (first === '--version' || first === '-V') {
    return help(json ? JSON.stringify({ version: VERSION }) : VERSION, EXIT.ok)
  }
  if (first === 'help') {
    // `svec help import` is `svec import --help`.
    const [name, second] = rest.filter(word => !word.startsWith('-'))
    if (name === undefined) return help(mainHelp(COMMANDS), EXIT.ok)
    return runWord(name, second === undefined ? ['--help'] : [second, '--help'], json)
  }
  return runWord(first, rest, json)
}

async function runWord(word: string, argv: readonly string[], json: boolean): Promise<ExitCode> {
  const entry = find(word, COMMANDS, 'command')
  const { name, summary } = entry
  const loaded = await entry.load()
  if (!('commands' in loaded)) return runCommand({ name, summary, ...loaded }, name, argv, json)
  const group = { name, summary, ...loaded }
  const next = argv.findIndex(arg => arg !== '--json')
  if (next < 0) return help(groupHelp(group), EXIT.usage)
  if (argv[next] === '--help' || argv[next] === '-h') return help(groupHelp(group), EXIT.ok)
  const command = find(argv[next], group.commands, `command of svec ${name}`)
  return runCommand(command, `${name} ${command.name}`, argv.toSpliced(next, 1), json)
}

async function runCommand(
  command: Command,
  title: string,
  argv: readonly string[],
  json: boolean,
): Promise<ExitCode> {
  const { args, rest, flags } = readArguments(command, title, argv)
  if (flags.on('help')) return help(commandHelp(command, title), EXIT.ok)
  return command.run(new Context(args, rest, flags, json))
}

function find<T extends { readonly name: string }>(
  word: string,
  commands: readonly T[],
  kind: string,
): T {
  const found = commands.find(({ name }) => name === word)
  if (found) return found
  const names = commands.map(({ name }) => name)
  const what = word.startsWith('-') ? `unknown option ${word}` : `unknown ${kind} '${word}'`
  throw usageError(`${what}${didYouMean(word, names)}`, `expected one of ${names.join(', ')}`)
}

/** Requested help goes to stdout. Help shown because no command was given goes to stderr. */
async function help(text: string, exit: ExitCode): Promise<ExitCode> {
  await new Output(exit === EXIT.ok ? process.stdout : process.stderr).write(`${text}\n`)
  return exit
}

/** Errors quote user input, which may contain a URL in place of another word. */
function withoutSecrets(failure: Failure): Failure {
  const { message, hint } = failure
  return {
    ...failure,
    message: withoutPasswords(message),
    hint: hint === undefined ? undefined : withoutPasswords(hint),
  }
}
