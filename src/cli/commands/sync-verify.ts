import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { settingOptions } from '../sync/flag-settings.ts'
import { notePlain } from '../sync/plain-warning.ts'
import { present } from '../sync/present.ts'
import { withReplicator } from '../sync/replicator.ts'
import { withConfig } from '../sync/secured.ts'
import { verificationFields, verificationLines } from '../sync/verification.ts'

export const syncVerify: Command = {
  name: 'verify',
  summary: 'compare both sides row by row, at one point in time',
  details: [
    'Compares counts and checksums of each dataset, and names the rows that differ. A replicator may be running.',
    'The exit code is 1 if anything differs or could not be compared.',
  ],
  arguments: [],
  options: settingOptions('upstream', 'replica', 'apply'),
  examples: [{ line: 'sync verify --config sync.json', says: 'once a night' }],
  run: context =>
    withConfig(context, config =>
      withReplicator(config, 'write', async replicator => {
        await notePlain(context, config)
        const report = await replicator.verify(present({ datasets: config.settings.datasets }))
        await context.print(verificationFields(report), verificationLines(report))
        return report.equal && report.datasets.length > 0 ? EXIT.ok : EXIT.found
      }),
    ),
}
