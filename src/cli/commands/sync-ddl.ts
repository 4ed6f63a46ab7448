import { replicaDDL, upstreamDDL, upstreamScript, type Database } from '../../entries/vecsync.ts'
import { usageError } from '../cli-error.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import type { SyncConfig } from '../sync/config.ts'
import { settingOptions } from '../sync/flag-settings.ts'
import { present } from '../sync/present.ts'
import { replicaTable } from '../sync/replica.ts'
import { withConfig } from '../sync/secured.ts'

const DATABASES: readonly Database[] = ['mysql', 'postgres', 'sqlite']

export const syncDdl: Command = {
  name: 'ddl',
  summary: "print the SQL of an upstream's tables and triggers, or of a replica's",
  details: [
    "A script for the database's own shell. Nothing is connected to, and the script can run again.",
  ],
  arguments: [],
  options: {
    database: {
      type: 'string',
      value: 'name',
      description: "mysql (MariaDB too), postgres or sqlite (the upstream's own)",
    },
    'for-replica': { type: 'boolean', description: 'the tables of a replica instead' },
    ...settingOptions('upstream', 'replica'),
  },
  examples: [
    {
      line: 'sync ddl --database mysql | mariadb shop',
      says: 'by hand, with privileges that svec lacks',
    },
    { line: 'sync ddl --database postgres --shadow-table chapters', says: 'another table' },
  ],
  run: context =>
    withConfig(context, async config => {
      if (context.flags.on('for-replica')) {
        const { prefix } = config.settings
        const statements = replicaDDL(replicaTable(config), present({ prefix }))
        await context.print(
          { database: 'sqlite', statements },
          statements.flatMap(statement => `${statement};`.split('\n')),
        )
        return EXIT.ok
      }
      const database = context.flags.oneOf('database', DATABASES) ?? databaseOf(config)
      const { shadowTable = 'shadow_vec_docs', prefix } = config.settings
      const options = { database, ...present({ prefix }) }
      if (context.json) {
        await context.printJson({ database, statements: upstreamDDL(shadowTable, options) })
      } else await context.stdout.write(upstreamScript(shadowTable, options))
      return EXIT.ok
    }),
}

function databaseOf(config: SyncConfig): Database {
  if (!config.has('upstream')) {
    throw usageError(
      'which database is the SQL for?',
      `pass --database ${DATABASES.join(', ')}, or --upstream`,
    )
  }
  return config.upstream().database
}
