import type { CommandEntry } from './command.ts'

/** The commands of `svec`, in the order of its --help. SQLite is loaded only with a command that needs it. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'init',
    summary: 'create a file with a vec table',
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    name: 'import',
    summary: 'import documents and their vectors into a vec table',
    load: async () => (await import('./commands/import.ts')).importCommand,
  },
  {
    name: 'index',
    summary: 'index a folder of Markdown and text, or update its index',
    load: async () => (await import('./commands/index-folder.ts')).indexFolder,
  },
  {
    name: 'query',
    summary: 'find the documents nearest to a vector or a text',
    load: async () => (await import('./commands/query.ts')).query,
  },
  {
    name: 'reembed',
    summary: 'embed a dataset by another model, while the old vectors serve',
    load: async () => (await import('./commands/reembed.ts')).reembed,
  },
  {
    name: 'stats',
    summary: 'show tables, datasets, rows, dimensions, memory',
    load: async () => (await import('./commands/stats.ts')).stats,
  },
  {
    name: 'check',
    summary: 'look for damage and for documents that cannot be found',
    load: async () => (await import('./commands/maintenance.ts')).check,
  },
  {
    name: 'repair',
    summary: 'repair what svec check found, without embedding anything again',
    load: async () => (await import('./commands/maintenance.ts')).repair,
  },
  {
    name: 'rebuild',
    summary: 'rebuild indexes from the documents, and save them',
    load: async () => (await import('./commands/maintenance.ts')).rebuild,
  },
  {
    name: 'optimize',
    summary: 'save indexes, drop their tombstones, shorten the journal',
    load: async () => (await import('./commands/maintenance.ts')).optimize,
  },
  {
    name: 'explain',
    summary: 'show which index answers and why, how many rows each stage keeps, how long it takes',
    load: async () => (await import('./commands/maintenance.ts')).explain,
  },
  {
    name: 'ui',
    summary: 'look at a file in a browser: tables, a map of the vectors, searches',
    load: async () => (await import('./commands/ui.ts')).ui,
  },
  {
    name: 'export',
    summary: 'write documents and vectors to a file, or indexes for the original program',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  {
    name: 'sync',
    summary: 'replicate tables of MySQL, MariaDB, PostgreSQL or SQLite into a file',
    load: async () => (await import('./commands/sync.ts')).sync,
  },
  {
    name: 'mcp',
    summary: 'serve files to agents over the Model Context Protocol',
    load: async () => (await import('./commands/mcp.ts')).mcp,
  },
  {
    name: 'doctor',
    summary: 'diagnose this machine or a file: what is wrong, and what to do',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
]
