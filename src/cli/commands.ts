import type { CommandEntry } from './command.ts'

/** What `svec` can do, in the order of its --help. SQLite is loaded with the command that needs it. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'init',
    summary: 'make a file, and in it a vec table',
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    name: 'import',
    summary: 'read documents with their vectors into a vec table',
    load: async () => (await import('./commands/import.ts')).importCommand,
  },
  {
    name: 'index',
    summary: 'make a folder of Markdown and text searchable, and keep it so',
    load: async () => (await import('./commands/index-folder.ts')).indexFolder,
  },
  {
    name: 'query',
    summary: 'the documents nearest to a vector or a text',
    load: async () => (await import('./commands/query.ts')).query,
  },
  {
    name: 'stats',
    summary: 'tables, datasets, rows, dimensions, memory',
    load: async () => (await import('./commands/stats.ts')).stats,
  },
  {
    name: 'check',
    summary: 'look for damage and for documents that cannot be found',
    load: async () => (await import('./commands/maintenance.ts')).check,
  },
  {
    name: 'repair',
    summary: 'repair what svec check found; nothing has to be embedded again',
    load: async () => (await import('./commands/maintenance.ts')).repair,
  },
  {
    name: 'rebuild',
    summary: 'build indexes again from the documents, and save them',
    load: async () => (await import('./commands/maintenance.ts')).rebuild,
  },
  {
    name: 'optimize',
    summary: 'save indexes, drop their dead rows, shorten the journal',
    load: async () => (await import('./commands/maintenance.ts')).optimize,
  },
  {
    name: 'explain',
    summary:
      'which index answers and why, how many rows each stage lets through, how long it takes',
    load: async () => (await import('./commands/maintenance.ts')).explain,
  },
  {
    name: 'export',
    summary: 'write documents and vectors to a file, or the index of the original program',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  {
    name: 'sync',
    summary: 'keep a file equal to tables in MySQL, MariaDB, PostgreSQL or SQLite',
    load: async () => (await import('./commands/sync.ts')).sync,
  },
  {
    name: 'doctor',
    summary: 'what this machine and a file offer, what is wrong, and what to do',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
]
