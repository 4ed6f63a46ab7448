import { replicationLag, type DatasetLag } from '../../entries/vecsync.ts'
import { columns } from '../columns.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { openUpstream } from '../sync/drivers.ts'
import { settingOptions } from '../sync/flag-settings.ts'
import { lagCells } from '../sync/lag-cells.ts'
import { notePlain } from '../sync/plain-warning.ts'
import { present } from '../sync/present.ts'
import { withReplica } from '../sync/replica.ts'
import { withConfig } from '../sync/secured.ts'

export const syncLag: Command = {
  name: 'lag',
  summary: 'show how far a replica is behind; an alert with --max-seconds or --max-entries',
  details: [
    "Seconds are the age of the oldest missing change, by the upstream's clock. The exit code is 1 if a limit is",
    'exceeded, or if a dataset is halted or not copied yet.',
  ],
  arguments: [],
  options: {
    ...settingOptions('upstream', 'replica'),
    'max-seconds': {
      type: 'string',
      value: 'n',
      description: 'the maximum age of a missing change',
    },
    'max-entries': {
      type: 'string',
      value: 'n',
      description: 'the maximum number of missing changes',
    },
  },
  examples: [{ line: 'sync lag --config sync.json --max-seconds 60', says: 'from a monitor' }],
  run: context =>
    withConfig(context, async config => {
      const maxSeconds = context.flags.integer('max-seconds', 0)
      const maxEntries = context.flags.integer('max-entries', 0)
      const upstream = await openUpstream(config)
      await notePlain(context, config)
      const { datasets } = config.settings
      const lags = await withReplica(config, 'read', replica =>
        replicationLag(upstream, replica, { ...config.names, ...present({ datasets }) }),
      )
      const late = (lag: DatasetLag): boolean =>
        !['live', 'catchup', 'dropped'].includes(lag.state) ||
        (maxSeconds !== undefined && (lag.seconds ?? Infinity) > maxSeconds) ||
        (maxEntries !== undefined && (lag.entries ?? 0n) > BigInt(maxEntries))
      const behind = lags.filter(late)
      await context.print({ ok: behind.length === 0, datasets: lags }, [
        ...(lags.length === 0
          ? ['the dataset is not in the upstream']
          : columns(['dataset', 'state', 'at', 'head', 'behind', 'seconds'], lags.map(lagCells))),
      ])
      return behind.length > 0 || lags.length === 0 ? EXIT.found : EXIT.ok
    }),
}
