import type { Context } from './context.ts'
import type { ExitCode } from './exit-code.ts'

/** An option as parseArgs of node:util knows it, and one line about it for --help. */
export interface CommandOption {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** May be given more than once. */
  readonly multiple?: boolean
  /** What stands for its value in --help: 'name', 'n', 'file'. */
  readonly value?: string
  readonly description: string
}

export type CommandOptions = Readonly<Record<string, CommandOption>>

export interface CommandArgument {
  readonly name: string
  readonly description: string
  /** May be left out; only the last ones may. */
  readonly optional?: boolean
  /** Takes all that follow; only the last one may. */
  readonly rest?: boolean
}

export interface CommandExample {
  /** Without the leading 'svec'. */
  readonly line: string
  readonly says: string
}

/** One command: a file of src/cli/commands. */
export interface Command {
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  /** Lines of --help between the usage and the options; as short as may be. */
  readonly details?: readonly string[]
  readonly arguments: readonly CommandArgument[]
  /** `--json` and `--help` come on top. */
  readonly options: CommandOptions
  readonly examples: readonly CommandExample[]
  run(context: Context): Promise<ExitCode>
}

/** Commands under one word: `svec sync run`. */
export interface CommandGroup {
  readonly name: string
  readonly summary: string
  readonly details?: readonly string[]
  readonly commands: readonly Command[]
}

/** What every command understands. */
export const COMMON_OPTIONS: CommandOptions = {
  json: { type: 'boolean', description: 'answer as JSON on stdout, errors as JSON on stderr' },
  help: { type: 'boolean', short: 'h', description: 'this text' },
}
