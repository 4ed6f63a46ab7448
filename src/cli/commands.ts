import type { Command, CommandGroup } from './command.ts'
import { importCommand } from './commands/import.ts'
import { init } from './commands/init.ts'
import { sync } from './commands/sync.ts'

/** What `svec` can do, in the order of its --help. */
export const COMMANDS: readonly (Command | CommandGroup)[] = [init, importCommand, sync]
