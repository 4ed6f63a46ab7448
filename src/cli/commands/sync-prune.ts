import { prune } from '../../entries/vecsync.ts'
import { columns } from '../columns.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { openUpstream } from '../sync/drivers.ts'
import { settingOptions } from '../sync/flag-settings.ts'
import { notePlain } from '../sync/plain-warning.ts'
import { present } from '../sync/present.ts'
import { withConfig } from '../sync/secured.ts'

export const syncPrune: Command = {
  name: 'prune',
  summary: "delete entries of the upstream's log that every replica has applied",
  details: [
    'Deletes an entry that is older than --min-age and acknowledged by each active replica. A replica that',
    'comes back later than --max-silence must be copied again (LOG_PRUNED).',
  ],
  arguments: [],
  options: settingOptions('upstream', 'prune'),
  examples: [{ line: 'sync prune --config sync.json --min-age 12h', says: 'once a day' }],
  run: context =>
    withConfig(context, async config => {
      const upstream = await openUpstream(config)
      await notePlain(context, config)
      const { minAge, maxSilence } = config.settings
      const reports = await prune(upstream, { ...config.names, ...present({ minAge, maxSilence }) })
      const deleted = reports.reduce((sum, report) => sum + report.deleted, 0)
      await context.print({ deleted, datasets: reports }, [
        ...(reports.length === 0
          ? []
          : columns(
              ['dataset', 'pruned up to', 'deleted now'],
              reports.map(report => [
                report.datasetId,
                String(report.prunedScn),
                String(report.deleted),
              ]),
            )),
        `${deleted} entries deleted`,
      ])
      return EXIT.ok
    }),
}
