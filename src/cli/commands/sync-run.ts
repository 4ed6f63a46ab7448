import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { settingOptions } from '../sync/flag-settings.ts'
import { observed } from '../sync/observed.ts'
import { withReplicator } from '../sync/replicator.ts'
import { withConfig } from '../sync/secured.ts'

export const syncRun: Command = {
  name: 'run',
  summary: 'follow an upstream until told to stop',
  details: [
    'SIGTERM and Ctrl-C end the batch under way, commit it, and exit with 0; a second one ends at once. A lost',
    'connection is made again for as long as it takes; what cannot pass by itself (credentials, a table that is not',
    'there) ends the command when it comes first thing. A terminal shows a live line, a pipe gets lines of JSON.',
  ],
  arguments: [],
  options: settingOptions('upstream', 'replica', 'apply', 'run'),
  examples: [
    {
      line: 'sync run --upstream postgres://app@db/shop --replica replica.sqlite --metrics-port 9300',
      says: 'the password in SVEC_SYNC_PASSWORD',
    },
    { line: 'sync run --config /etc/svec/sync.json', says: 'as a service' },
  ],
  run: context =>
    withConfig(context, config =>
      withReplicator(config, 'create', async replicator => {
        const { signal } = context
        await observed(context, config, replicator, async tally => {
          await replicator.follow(signal)
          return { text: `stopped, ${tally.total} applied`, fields: { reason: 'signal' } }
        })
        return EXIT.ok
      }),
    ),
}
