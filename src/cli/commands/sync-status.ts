import { doubleQuoted } from '../../core/quote.ts'
import type { Connection } from '../../entries/main.ts'
import { replicationLag, replicaStates, syncNames, type DatasetLag } from '../../entries/vecsync.ts'
import { failureOf } from '../cli-error.ts'
import { columns } from '../columns.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import type { SyncConfig } from '../sync/config.ts'
import { openUpstream } from '../sync/drivers.ts'
import { settingOptions } from '../sync/flag-settings.ts'
import { haltAdvice } from '../sync/halt-advice.ts'
import { lagCells } from '../sync/lag-cells.ts'
import { notePlain } from '../sync/plain-warning.ts'
import { present } from '../sync/present.ts'
import { replicaTable, withReplica } from '../sync/replica.ts'
import { secured, withConfig } from '../sync/secured.ts'

export const syncStatus: Command = {
  name: 'status',
  summary: 'show the state of each dataset of a replica, and how far it is behind',
  details: [
    'Reads only, also while a replicator runs. Without an upstream, or with --offline, it reads the file alone.',
    'The exit code is 1 if a dataset is halted, and 3 if the upstream does not answer.',
  ],
  arguments: [],
  options: {
    ...settingOptions('upstream', 'replica'),
    offline: { type: 'boolean', description: 'do not ask the upstream' },
  },
  examples: [
    { line: 'sync status --replica replica.sqlite', says: 'from the file alone' },
    { line: 'sync status --config sync.json --json', says: 'for a monitor' },
  ],
  run: context =>
    withConfig(context, config =>
      withReplica(config, 'read', async replica => {
        const offline = context.flags.on('offline') || !config.has('upstream')
        if (!offline) await notePlain(context, config)
        const asked = offline ? undefined : await ask(config, replica)
        const lags = asked?.lags ?? localStates(config, replica)
        const replicator = leaseOf(config, replica)
        await context.print(
          {
            replica: config.replicaFile(),
            upstream: asked?.upstream,
            error: asked?.error,
            replicator,
            datasets: lags,
          },
          [
            ...(lags.length === 0
              ? ['no dataset has been replicated yet']
              : columns(
                  ['dataset', 'state', 'at', 'head', 'behind', 'seconds'],
                  lags.map(lagCells),
                )),
            ...lags.flatMap(({ datasetId, haltCode, haltMessage }) =>
              haltCode === undefined
                ? []
                : [
                    `${datasetId} is halted, ${haltCode}: ${haltMessage ?? ''}`,
                    `  ${haltAdvice(haltCode, datasetId)}`,
                  ],
            ),
            replicator === undefined
              ? 'no replicator is running'
              : `a replicator is running, its lease ends ${replicator.expiresAt}`,
            ...(asked?.error === undefined
              ? []
              : [`the upstream does not answer: ${asked.error.message}`]),
          ],
        )
        if (asked?.error !== undefined) return EXIT.failed
        return lags.some(({ haltCode }) => haltCode !== undefined) ? EXIT.found : EXIT.ok
      }),
    ),
}

interface Asked {
  readonly upstream: string
  readonly lags?: readonly DatasetLag[]
  readonly error?: {
    readonly code: string
    readonly message: string
    readonly hint: string | undefined
  }
}

/** If the upstream cannot be reached, what the file knows is still shown. */
async function ask(config: SyncConfig, replica: Connection): Promise<Asked> {
  const upstream = await openUpstream(config)
  const { description } = upstream
  const { datasets } = config.settings
  try {
    const options = { ...config.names, ...present({ datasets }) }
    return { upstream: description, lags: await replicationLag(upstream, replica, options) }
  } catch (error) {
    const { code, message, hint } = failureOf(secured(error, config.secrets))
    return { upstream: description, error: { code, message, hint } }
  }
}

function localStates(config: SyncConfig, replica: Connection): DatasetLag[] {
  return replicaStates(replica, config.names).map(state => ({
    datasetId: state.datasetId,
    state: state.haltCode === null ? state.phase : 'halted',
    lastScn: state.lastScn,
    headScn: undefined,
    entries: undefined,
    seconds: undefined,
    haltCode: state.haltCode ?? undefined,
    haltMessage: state.haltMessage ?? undefined,
  }))
}

/** The process that holds the replica's lease, if any. */
function leaseOf(
  config: SyncConfig,
  replica: Connection,
): { readonly owner: string; readonly expiresAt: string } | undefined {
  const table = syncNames(config.settings.prefix).lease
  const [known] = replica.prepare('SELECT name FROM sqlite_schema WHERE name = ?').all(table)
  if (known === undefined) return undefined
  const row = replica
    .prepare(
      `SELECT owner, expires_at FROM ${doubleQuoted(table)} WHERE name = ? AND expires_at > ?`,
    )
    .get(replicaTable(config), Date.now()) as
    | { owner: string; expires_at: number | bigint }
    | undefined
  return row === undefined
    ? undefined
    : { owner: row.owner, expiresAt: new Date(Number(row.expires_at)).toISOString() }
}
