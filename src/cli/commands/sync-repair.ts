import { counted } from '../../core/counted.ts'
import { usageError } from '../cli-error.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { settingOptions } from '../sync/flag-settings.ts'
import { notePlain } from '../sync/plain-warning.ts'
import { present } from '../sync/present.ts'
import { withReplicator } from '../sync/replicator.ts'
import { withConfig } from '../sync/secured.ts'
import { verificationFields, verificationLines } from '../sync/verification.ts'
import { toTheEnd } from './sync-once.ts'

export const syncRepair: Command = {
  name: 'repair',
  summary: 'rewrite the rows that differ, or let halted datasets continue',
  details: [
    'Verifies, rewrites only the rows that differ, and verifies again. --resume and --rebootstrap',
    'resolve a halt: docs/sync.md says which code needs which. Both need exclusive use of the replica: stop',
    'first.',
  ],
  arguments: [],
  options: {
    resume: {
      type: 'boolean',
      description: 'let halted datasets continue where they stopped, after the cause was fixed',
    },
    rebootstrap: {
      type: 'boolean',
      description: 'copy the datasets again; their rows stay searchable meanwhile',
    },
    ...settingOptions('upstream', 'replica', 'apply'),
  },
  examples: [
    { line: 'sync repair --config sync.json', says: 'after verify found differences' },
    {
      line: 'sync repair --config sync.json --rebootstrap --dataset docs',
      says: 'after LOG_PRUNED, UPSTREAM_REWOUND and similar codes',
    },
  ],
  run: context =>
    withConfig(context, config =>
      withReplicator(config, 'write', async replicator => {
        const { flags, signal } = context
        await notePlain(context, config)
        const resume = flags.on('resume')
        const rebootstrap = flags.on('rebootstrap')
        if (resume && rebootstrap) {
          throw usageError('--resume and --rebootstrap exclude each other')
        }
        const { datasets } = config.settings
        if (resume || rebootstrap) {
          await (resume ? replicator.resume(datasets) : replicator.rebootstrap(datasets))
          await toTheEnd(replicator, signal)
        }
        const { before, after, repaired } = await replicator.repair(present({ datasets }))
        await context.print(
          { repaired, before: verificationFields(before), after: verificationFields(after) },
          [
            ...(before === after
              ? []
              : [...verificationLines(before), `${counted(repaired, 'row')} rewritten`]),
            ...verificationLines(after),
          ],
        )
        return after.equal && after.datasets.length > 0 ? EXIT.ok : EXIT.found
      }),
    ),
}
