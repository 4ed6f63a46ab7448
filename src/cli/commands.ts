import type { Command, CommandGroup } from './command.ts'
import { check } from './commands/check.ts'
import { doctor } from './commands/doctor.ts'
import { explain } from './commands/explain.ts'
import { exportCommand } from './commands/export.ts'
import { importCommand } from './commands/import.ts'
import { init } from './commands/init.ts'
import { optimize } from './commands/optimize.ts'
import { query } from './commands/query.ts'
import { rebuild } from './commands/rebuild.ts'
import { repair } from './commands/repair.ts'
import { stats } from './commands/stats.ts'
import { sync } from './commands/sync.ts'

/** What `svec` can do, in the order of its --help. */
export const COMMANDS: readonly (Command | CommandGroup)[] = [
  init,
  importCommand,
  query,
  stats,
  check,
  repair,
  rebuild,
  optimize,
  explain,
  exportCommand,
  sync,
  doctor,
]
