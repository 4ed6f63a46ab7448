import { createDataset, installUpstream, type ServerProblem } from '../../entries/vecsync.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { openUpstream } from '../sync/drivers.ts'
import { settingOptions } from '../sync/flag-settings.ts'
import { notePlain } from '../sync/plain-warning.ts'
import { present } from '../sync/present.ts'
import { withConfig } from '../sync/secured.ts'

export const syncInit: Command = {
  name: 'init',
  summary: 'create the tables, triggers and datasets of an upstream',
  details: [
    'Checks the server first, and reports what it lacks with the statement that fixes it. Can be run again.',
  ],
  arguments: [
    { name: 'dataset', rest: true, description: 'datasets to create; existing ones stay' },
  ],
  options: {
    ...settingOptions('upstream', 'install'),
    'dry-run': { type: 'boolean', description: 'change nothing, and report what would be done' },
  },
  examples: [
    {
      line: 'sync init docs --upstream mysql://app@127.0.0.1/shop --password-env DB_PASSWORD',
      says: 'tables, triggers and the dataset docs',
    },
    { line: 'sync init --config sync.json --dry-run', says: 'can this server be an upstream?' },
  ],
  run: context =>
    withConfig(context, async config => {
      const upstream = await openUpstream(config, true)
      await notePlain(context, config)
      const dryRun = context.flags.on('dry-run')
      const { capture } = config.settings
      const report = await installUpstream(upstream, {
        ...config.names,
        ...present({ capture }),
        dryRun,
      })
      const datasets = dryRun ? [] : context.rest
      for (const dataset of datasets) await createDataset(upstream, dataset, config.names)
      const { server, installed, problems } = report
      await context.print(
        {
          upstream: upstream.description,
          server: { product: server.product, version: server.version },
          capture: report.capture,
          installed,
          problems,
          remarks: server.remarks,
          datasets,
          ...(dryRun ? { statements: report.statements } : {}),
        },
        [
          `${upstream.description}: ${server.product} ${server.version}`,
          ...problems.map(problem => `problem: ${described(problem)}`),
          ...server.remarks.map(remark => `remark: ${described(remark)}`),
          installed
            ? `tables${report.capture === 'trigger' ? ' and triggers' : ''} are in place`
            : `nothing was changed; ${report.statements.length} statements would run (svec sync ddl prints them)`,
          ...datasets.map(dataset => `dataset ${dataset} exists`),
        ],
      )
      return problems.length > 0 ? EXIT.found : EXIT.ok
    }),
}

const described = ({ what, change }: ServerProblem): string => `${what}: ${change}`
