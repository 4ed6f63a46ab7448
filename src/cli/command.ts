import type { Context } from './context.ts'
import type { ExitCode } from './exit-code.ts'

/** An option as parseArgs of node:util knows it, and one line about it for --help. */
export interface CommandOption {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** May be given more than once. */
  readonly multiple?: boolean
  /** The placeholder of its value in --help: 'name', 'n', 'file'. */
  readonly value?: string
  readonly description: string
}

export type CommandOptions = Readonly<Record<string, CommandOption>>

export interface CommandArgument {
  readonly name: string
  readonly description: string
  /** Optional; only the last ones may be. */
  readonly optional?: boolean
  /** Takes all that follow; only the last one may. */
  readonly rest?: boolean
}

export interface CommandExample {
  /** Without the leading 'svec'. */
  readonly line: string
  readonly says: string
}

/** What a command does: a file of src/cli/commands. */
export interface CommandBody {
  /** Lines of --help between the usage and the options; as short as possible. */
  readonly details?: readonly string[]
  readonly arguments: readonly CommandArgument[]
  /** `--json` and `--help` are added. */
  readonly options: CommandOptions
  readonly examples: readonly CommandExample[]
  run(context: Context): Promise<ExitCode>
}

export interface Command extends CommandBody {
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
}

/** Commands under one word: `svec sync run`. */
export interface CommandGroup {
  readonly details?: readonly string[]
  readonly commands: readonly Command[]
}

/** A command before it is loaded: --help and --version need no more of it. */
export interface CommandEntry {
  readonly name: string
  readonly summary: string
  load(): Promise<CommandBody | CommandGroup>
}

/** What every command understands. */
export const COMMON_OPTIONS: CommandOptions = {
  json: { type: 'boolean', description: 'print JSON on stdout, and errors as JSON on stderr' },
  help: { type: 'boolean', short: 'h', description: 'print this help' },
}
