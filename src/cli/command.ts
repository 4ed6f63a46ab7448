import type { Context } from './context.ts'
import type { ExitCode } from './exit-code.ts'

/** An option for parseArgs of node:util, with one line about it for --help. */
export interface CommandOption {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** May be given more than once. */
  readonly multiple?: boolean
  /** The placeholder for its value in --help: 'name', 'n', 'file'. */
  readonly value?: string
  readonly description: string
}

export type CommandOptions = Readonly<Record<string, CommandOption>>

export interface CommandArgument {
  readonly name: string
  readonly description: string
  /** Whether the argument is optional. Only the last ones may be. */
  readonly optional?: boolean
  /** Whether the argument takes all that follow. Only the last one may. */
  readonly rest?: boolean
}

export interface CommandExample {
  /** The example without the leading 'svec'. */
  readonly line: string
  readonly says: string
}

/** The implementation of a command: a file of src/cli/commands. */
export interface CommandBody {
  /** Lines of --help between the usage and the options; as short as possible. */
  readonly details?: readonly string[]
  readonly arguments: readonly CommandArgument[]
  /** Its options. `--json` and `--help` are added. */
  readonly options: CommandOptions
  readonly examples: readonly CommandExample[]
  run(context: Context): Promise<ExitCode>
}

export interface Command extends CommandBody {
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
}

/** Commands that share a first word: `svec sync run`. */
export interface CommandGroup {
  readonly details?: readonly string[]
  readonly commands: readonly Command[]
}

/** The description of a command that is not loaded yet, which is all that --help and --version need. */
export interface CommandEntry {
  readonly name: string
  readonly summary: string
  load(): Promise<CommandBody | CommandGroup>
}

/** The options of every command. */
export const COMMON_OPTIONS: CommandOptions = {
  json: { type: 'boolean', description: 'print JSON on stdout, and errors as JSON on stderr' },
  help: { type: 'boolean', short: 'h', description: 'print this help' },
}
